/* Reads and writes with a timeout (transfer.c). */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "timeout.h"

#include <sys/uio.h>

ssize_t peer_transfer(int fd, short event, struct iovec bytes, const struct timeout *, ssize_t *moved);

#endif
