/* Ends of rings as handles (ring.c). */
#ifndef RING_H
#define RING_H

#include "peer.h"

#include <ipc_ring.h>

/* Finds the ring end that a request names. The end must have this role and this content. */
struct ipc_ring *peer_ring_end(struct call *, enum ipc_ring_role, uint32_t content);

#endif
