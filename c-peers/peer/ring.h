/* What the files about rings share. */
#ifndef RING_H
#define RING_H

#include "peer.h"

#include <ipc_ring.h>

/* The end that a request names. An operation on bytes is not made with a ring of records, nor the reverse,
 * and not with the other end. */
struct ipc_ring *peer_ring_end(struct call *, enum ipc_ring_role, uint32_t content);

#endif
