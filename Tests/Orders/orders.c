/* Uses relaxed ordering for one atomic operation in the ring, the queue or the block, and uses all three from
 * two threads. ThreadSanitizer must report the missing ordering.
 *
 *     orders          lists the operations that are not relaxed
 *     orders NUMBER   makes one of them relaxed
 *     orders none     makes none of them relaxed
 */
#include "sites.h"

#include <ipc_queue.h>
#include <ipc_ring.h>

#include "../../c-peers/peer/shared_block.c"

#include <stdio.h>
#include <stdlib.h>

/* A stub for shared_block.c: this program has no request to record a failed call in. */
int peer_set_failed_call(const char *name) {
    return name ? -1 : 0;
}

enum { SIZE = 16384, RECORDS = 200 };
static _Alignas(4096) unsigned char memory[SIZE];
/* The progress of a thread. Its accesses are relaxed, so they do not order any other access. */
static int reached;

static void reach(int step) {
    __atomic_store_n(&reached, step, __ATOMIC_RELAXED);
}

static void wait_for(int step) {
    while (__atomic_load_n(&reached, __ATOMIC_RELAXED) < step)
        sched_yield();
}

static void require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "orders: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static void *produce(void *unused) {
    struct ipc_ring ring;
    unsigned char record[24] = {0};
    require(ipc_ring_make(memory, SIZE, IPC_RING_RECORDS, 64) == 0, "ipc_ring_make");
    reach(1);
    require(ipc_ring_open(&ring, memory, SIZE, IPC_RING_RECORDS, IPC_RING_PRODUCER) == 0, "ipc_ring_open");
    for (int i = 0; i < RECORDS; i++)
        require(ipc_ring_send(&ring, record, sizeof record, NULL) == 0, "ipc_ring_send");
    ipc_ring_close(&ring);
    return unused;
}

static void *consume(void *unused) {
    struct ipc_ring ring;
    unsigned char record[24];
    wait_for(1);
    require(ipc_ring_open(&ring, memory, SIZE, IPC_RING_RECORDS, IPC_RING_CONSUMER) == 0, "ipc_ring_open");
    for (int i = 0; i < RECORDS; i++)
        require(ipc_ring_receive(&ring, record, sizeof record, NULL) == sizeof record, "ipc_ring_receive");
    require(ipc_ring_receive(&ring, record, sizeof record, NULL) == -1 && errno == ENODATA,
            "ipc_ring_receive");
    return unused;
}

/* The thread that sends the first message holds the lock until the receiver sleeps on it. For later messages,
 * neither thread waits for the lock. */
static void *send_messages(void *unused) {
    struct ipc_queue queue;
    require(ipc_queue_make(&queue, memory, SIZE, 2, 24) == 0, "ipc_queue_make");
    require(ipc_queue__lock(&queue, NULL) == 0, "ipc_queue__lock");
    reach(1);
    while (!(__atomic_load_n(&queue.header->lock, __ATOMIC_RELAXED) & FUTEX_WAITERS))
        sched_yield();
    ipc_queue__write(&queue, "0123456789", 10);
    ipc_queue__publish(&queue);
    ipc_queue__unlock(&queue);
    for (int i = 0; i < RECORDS; i++) {
        wait_for(2 * i + 2);
        require(ipc_queue_send(&queue, "0123456789", 10, NULL) == 0, "ipc_queue_send");
        reach(2 * i + 3);
    }
    return unused;
}

static void *receive_messages(void *unused) {
    struct ipc_queue queue;
    unsigned char message[24];
    wait_for(1);
    require(ipc_queue_open(&queue, memory, SIZE) == 0, "ipc_queue_open");
    for (int i = 0; i <= RECORDS; i++) {
        wait_for(2 * i + 1);
        require(ipc_queue_receive(&queue, message, sizeof message, NULL) == 10, "ipc_queue_receive");
        reach(2 * i + 2);
    }
    require(ipc_queue_close(&queue, NULL) == 0, "ipc_queue_close");
    return unused;
}

static void exchange_rounds(bool writes) {
    struct block *block = (struct block *)memory;
    struct block_wait wait = {.timeout = {.never = true, .retry = true}};
    for (int i = 0; i < RECORDS; i++) {
        require(await(block, !writes, &wait), "await");
        if (writes)
            memset(block->buffer, i, 16);
        else
            require(block->buffer[3] == (unsigned char)i, "a block of another round");
        set_ready(block, writes);
    }
}

static void *write_rounds(void *unused) {
    reach(1);
    exchange_rounds(true);
    return unused;
}

static void *read_rounds(void *unused) {
    wait_for(1);
    exchange_rounds(false);
    return unused;
}

static void run(void *(*first)(void *), void *(*second)(void *)) {
    pthread_t threads[2];
    reached = 0;
    memset(memory, 0, sizeof memory);
    require(pthread_create(&threads[0], NULL, first, NULL) == 0, "pthread_create");
    require(pthread_create(&threads[1], NULL, second, NULL) == 0, "pthread_create");
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

/* The peer's own operations are not part of a structure. */
static bool is_of_structure(const char *function) {
    return strncmp(function, "ipc_", 4) == 0 || strcmp(function, "await") == 0 ||
           strcmp(function, "set_ready") == 0;
}

extern struct site __start_sites[], __stop_sites[];

int main(int count, char **arguments) {
    int number = 0;
    for (struct site *site = __start_sites; site < __stop_sites; site++) {
        if (site->order == __ATOMIC_RELAXED || !is_of_structure(site->function))
            continue;
        if (count == 1)
            printf("%d %s %s %s\n", number, site->function, site->operation, site->word);
        else if (strcmp(arguments[1], "none") != 0 && atoi(arguments[1]) == number)
            site->relaxed = true;
        number++;
    }
    if (count == 1)
        return 0;
    alarm(60);
    run(produce, consume);
    run(send_messages, receive_messages);
    run(write_rounds, read_rounds);
    return 0;
}
