/* Benchmark links through objects in shared memory: rings, queues, semaphores. */
#include "benchmark_loops.h"
#include "posix_sem.h"
#include "ring.h"
#include "shared_queue.h"

#include <errno.h>

/* How many times a spinning link checks the memory before it checks whether the other end still exists. */
enum { SPINS = 1 << 20 };

static void open_handles(struct call *call, struct benchmark *benchmark, const char *kind) {
    if (sends(call))
        benchmark->sender = peer_find_handle(call, "write", kind);
    if (receives(call))
        benchmark->receiver = peer_find_handle(call, "read", kind);
}

/* Returns the length of a message; -1 if there is none, with EPIPE if the other side has closed. */
static ssize_t end_of_messages(ssize_t length) {
    if (length == -1 && errno == ENODATA)
        errno = EPIPE;
    return length;
}

static void ring_open(struct call *call, struct benchmark *benchmark) {
    open_handles(call, benchmark, "end of a ring");
    const struct ipc_ring *to = benchmark->sender, *from = benchmark->receiver;
    if (call->outcome == OK &&
        ((to && (to->role != IPC_RING_PRODUCER || to->content != IPC_RING_RECORDS)) ||
         (from && (from->role != IPC_RING_CONSUMER || from->content != IPC_RING_RECORDS))))
        peer_invalid_request(call, "%s is not for this end of this ring", call->operation);
}
static int ring_send(struct benchmark *benchmark) {
    return ipc_ring_send(benchmark->sender, benchmark->message, benchmark->size, NULL);
}
static ssize_t ring_receive(struct benchmark *benchmark) {
    return end_of_messages(ipc_ring_receive(benchmark->receiver, benchmark->message, benchmark->room, NULL));
}
LOOPS(ring)

/* Spins until a number of bytes can be read or written. After many checks it gives up, and the next call
 * determines whether the other end still exists. */
static void spin(struct ipc_ring *ring, int64_t needed) {
    for (int i = 0; i < SPINS; i++) {
        const int64_t available = ipc_ring_available(ring);
        if (available == -1 || available >= needed)
            return;
    }
}
#define ring_spin_open ring_open
static int ring_spin_send(struct benchmark *benchmark) {
    spin(benchmark->sender, (int64_t)ipc_ring__frame(benchmark->size));
    return ring_send(benchmark);
}
static ssize_t ring_spin_receive(struct benchmark *benchmark) {
    spin(benchmark->receiver, 1);
    return ring_receive(benchmark);
}
LOOPS(ring_spin)

/* A record that is built and read in the ring: only byte 0 is stored and loaded, and nothing is copied. */
static unsigned char *in_ring(const struct ipc_ring *ring, uint64_t position) {
    return ring->header->data + (position & (ring->capacity - 1));
}
#define ring_place_open ring_open
static int ring_place_send(struct benchmark *benchmark) {
    struct ipc_ring *ring = benchmark->sender;
    const uint32_t frame[2] = {(uint32_t)benchmark->size, 0};
    if (ipc_ring__is_closed(ring))
        return ended("ring_send");
    if (ipc_ring__await(ring, ipc_ring__frame(benchmark->size), NULL) == -1)
        return -1;
    ipc_ring__put(ring, ring->position, frame, IPC_RING_FRAME);
    if (benchmark->size > 0)
        *in_ring(ring, ring->position + IPC_RING_FRAME) = benchmark->message[0];
    ipc_ring__advance(ring, ipc_ring__frame(benchmark->size));
    return 0;
}
static ssize_t ring_place_receive(struct benchmark *benchmark) {
    struct ipc_ring *ring = benchmark->receiver;
    const int64_t available = ipc_ring__await(ring, 1, NULL);
    if (available == -1)
        return end_of_messages(-1);
    const uint32_t length = ipc_ring__number(ring, ring->position);
    if (ipc_ring__frame(length) > (uint64_t)available) {
        errno = EBADMSG;
        return failed("ring_receive");
    }
    if (length > 0)
        benchmark->message[0] = *in_ring(ring, ring->position + IPC_RING_FRAME);
    ipc_ring__advance(ring, ipc_ring__frame(length));
    return (ssize_t)length;
}
LOOPS(ring_place)

static void queue_open(struct call *call, struct benchmark *benchmark) {
    open_handles(call, benchmark, "queue");
}
static int queue_send(struct benchmark *benchmark) {
    return ipc_queue_send(benchmark->sender, benchmark->message, benchmark->size, NULL);
}
static ssize_t queue_receive(struct benchmark *benchmark) {
    return end_of_messages(ipc_queue_receive(benchmark->receiver, benchmark->message, benchmark->room, NULL));
}
LOOPS(queue)

#define queue_spin_open queue_open
static int queue_spin_send(struct benchmark *benchmark) {
    int result;
    do
        result = ipc_queue_trysend(benchmark->sender, benchmark->message, benchmark->size);
    while (result == -1 && errno == EAGAIN);
    return result;
}
static ssize_t queue_spin_receive(struct benchmark *benchmark) {
    ssize_t count;
    do
        count = ipc_queue_tryreceive(benchmark->receiver, benchmark->message, benchmark->room);
    while (count == -1 && errno == EAGAIN);
    return end_of_messages(count);
}
LOOPS(queue_spin)

/* A message that is built and read in its slot. Locks the queue when its number of messages has changed. */
static unsigned char *lock_slot(const struct ipc_queue *queue, int64_t useless, _Atomic uint32_t *event,
                                _Atomic uint64_t *number) {
    for (;;) {
        if (ipc_queue__lock(queue, NULL) == -1)
            return NULL;
        if (ipc_queue__count(queue) != useless)
            return ipc_queue__slot(queue, atomic_load_explicit(number, memory_order_relaxed));
        if (ipc_queue__sleep(queue, event, NULL) == -1)
            return NULL;
    }
}
#define queue_place_open queue_open
static int queue_place_send(struct benchmark *benchmark) {
    const struct ipc_queue *queue = benchmark->sender;
    const uint32_t header[2] = {(uint32_t)benchmark->size, 0};
    unsigned char *slot = lock_slot(queue, queue->slot_count, &queue->header->writable, &queue->header->sent);
    if (!slot)
        return -1;
    memcpy(slot, header, sizeof header);
    if (benchmark->size > 0)
        slot[sizeof header] = benchmark->message[0];
    ipc_queue__publish(queue);
    ipc_queue__unlock(queue);
    return 0;
}
static ssize_t queue_place_receive(struct benchmark *benchmark) {
    const struct ipc_queue *queue = benchmark->receiver;
    uint32_t length;
    const unsigned char *slot = lock_slot(queue, 0, &queue->header->readable, &queue->header->received);
    if (!slot)
        return -1;
    memcpy(&length, slot, sizeof length);
    if (length > 0)
        benchmark->message[0] = slot[8];
    ipc_queue__consume(queue);
    ipc_queue__unlock(queue);
    return (ssize_t)length;
}
LOOPS(queue_place)

static void sem_link_open(struct call *call, struct benchmark *benchmark) {
    open_handles(call, benchmark, "semaphore");
    if (benchmark->sender)
        benchmark->sender = ((struct semaphore *)benchmark->sender)->address;
    if (benchmark->receiver)
        benchmark->receiver = ((struct semaphore *)benchmark->receiver)->address;
}
static int sem_link_send(struct benchmark *benchmark) {
    return sem_post(benchmark->sender) == -1 ? failed("sem_post") : 0;
}
static ssize_t sem_link_receive(struct benchmark *benchmark) {
    int result = sem_wait(benchmark->receiver);
    return result == -1 ? failed("sem_wait") : 0;
}
LOOPS(sem_link)

const struct link peer_shared_links[] = {
    LINK("ring", ring, true),
    LINK("ring-spin", ring_spin, true),
    LINK("ring-place", ring_place, true),
    LINK("queue", queue, true),
    LINK("queue-spin", queue_spin, true),
    LINK("queue-place", queue_place, true),
    LINK("sem", sem_link, false),
    {0},
};
