/* Payloads in several parts (parts.c). */
#ifndef PARTS_H
#define PARTS_H

#include "call.h"

#include <sys/uio.h>

struct parts {
    struct iovec *vectors;
    int count;
};
struct parts peer_parts(struct call *, void *bytes, size_t total);

#endif
