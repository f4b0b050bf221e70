/* A queue in shared memory. */
#include "cost.h"

#include <ipc_queue.h>

enum { SLOTS = 4, SIZE = 4096 };

static void run_queue(const struct cost_run *run) {
    struct ipc_queue queue;
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    cost_require(ipc_queue_make(&queue, cost_map(NULL, SIZE), SIZE, SLOTS, COST_MESSAGE) == 0, "make");
    for (long i = 0; i < run->count; i++) {
        cost_require(ipc_queue_send(&queue, message, sizeof message, NULL) == 0, "send");
        cost_require(ipc_queue_receive(&queue, buffer, sizeof buffer, NULL) == COST_MESSAGE, "receive");
    }
}

const struct cost cost_queue[] = {{"queue", run_queue}, {0}};
