/* Blocks in shared memory as a benchmark link (shared_block.c). */
#ifndef SHARED_BLOCK_H
#define SHARED_BLOCK_H

#include "peer.h"

enum { PEER_BLOCK_SIZE = 4000 };
struct block;

/* Finds the block at the beginning of the memory that a parameter names. */
struct block *peer_block(struct call *, const char *key);

/* Wait until the block is empty or full, copy the bytes, and change the flag; -1 if a call failed. */
int peer_block_send(struct block *, const void *bytes, size_t count);
int peer_block_receive(struct block *, void *bytes, size_t count);

#endif
