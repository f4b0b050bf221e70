/* A ring in shared memory: records within one process, and between two. */
#include "cost.h"

#include <errno.h>
#include <ipc_ring.h>
#include <sched.h>

enum { CAPACITY = 1 << 16, SIZE = 192 + CAPACITY, SECOND = 1 << 17 };

static void run_ring(const struct cost_run *run) {
    void *memory = cost_map(NULL, SIZE);
    struct ipc_ring producer, consumer;
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    cost_require(ipc_ring_make(memory, SIZE, IPC_RING_RECORDS, CAPACITY) == 0, "make");
    cost_require(ipc_ring_open(&producer, memory, SIZE, IPC_RING_RECORDS, IPC_RING_PRODUCER) == 0, "open");
    cost_require(ipc_ring_open(&consumer, memory, SIZE, IPC_RING_RECORDS, IPC_RING_CONSUMER) == 0, "open");
    for (long i = 0; i < run->count; i++) {
        cost_require(ipc_ring_send(&producer, message, sizeof message, NULL) == 0, "send");
        cost_require(ipc_ring_receive(&consumer, buffer, sizeof buffer, NULL) == COST_MESSAGE, "receive");
    }
}

/* The first process creates the ring; the second opens its end once the ring exists. */
static void open_end(struct ipc_ring *ring, void *memory, bool makes, enum ipc_ring_role role) {
    if (makes)
        cost_require(ipc_ring_make(memory, SIZE, IPC_RING_RECORDS, CAPACITY) == 0, "make");
    while (ipc_ring_open(ring, memory, SIZE, IPC_RING_RECORDS, role) == -1) {
        cost_require(errno == EINVAL, "open");
        sched_yield();
    }
}

static void run_ping_pong(const struct cost_run *run) {
    unsigned char *memory = cost_map(run->path, 2 * SECOND);
    struct ipc_ring there, back;
    unsigned char message[COST_MESSAGE] = {1};
    open_end(&there, memory, run->is_first, run->is_first ? IPC_RING_PRODUCER : IPC_RING_CONSUMER);
    open_end(&back, memory + SECOND, run->is_first, run->is_first ? IPC_RING_CONSUMER : IPC_RING_PRODUCER);
    for (long i = 0; i < run->count; i++) {
        if (run->is_first)
            cost_require(ipc_ring_send(&there, message, sizeof message, NULL) == 0, "send");
        cost_require(ipc_ring_receive(run->is_first ? &back : &there, message, sizeof message, NULL) ==
                         COST_MESSAGE,
                     "receive");
        if (!run->is_first)
            cost_require(ipc_ring_send(&back, message, sizeof message, NULL) == 0, "send");
    }
}

static void run_throughput(const struct cost_run *run) {
    void *memory = cost_map(run->path, SIZE);
    struct ipc_ring ring;
    unsigned char message[COST_MESSAGE] = {1};
    open_end(&ring, memory, run->is_first, run->is_first ? IPC_RING_PRODUCER : IPC_RING_CONSUMER);
    for (long i = 0; i < run->count; i++)
        if (run->is_first)
            cost_require(ipc_ring_send(&ring, message, sizeof message, NULL) == 0, "send");
        else
            cost_require(ipc_ring_receive(&ring, message, sizeof message, NULL) == COST_MESSAGE, "receive");
}

const struct cost cost_ring[] = {
    {"ring", run_ring}, {"ring-ping-pong", run_ping_pong}, {"ring-throughput", run_throughput}, {0}};
