/* Looks up the queues that a request names by handle: one, or several (shared_queue.c). */
#ifndef SHARED_QUEUE_H
#define SHARED_QUEUE_H

#include "peer.h"

#include <ipc_queue.h>

/* The queues that a request names in a comma-separated list. `names` contains their names, each terminated by
 * a NUL. */
struct queues {
    unsigned count;
    struct ipc_queue queues[IPC_QUEUE_MOST_SELECTED];
    char *names[IPC_QUEUE_MOST_SELECTED];
};

struct ipc_queue peer_queue(struct call *);
void peer_queues(struct call *, struct queues *);
size_t peer_longest_message(const struct queues *);

#endif
