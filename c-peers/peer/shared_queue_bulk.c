/* Many messages through queues, in tight loops and several threads, to check that each arrives once. */
#include "shared_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* One thread's share of the work, and its result. */
struct work {
    const struct queues *queues;
    uint32_t producer, producers, count;
    size_t size;
    _Atomic unsigned char *tally;
    uint64_t messages, torn, disordered, repeated;
    int error;
};

static void *produce(void *argument) {
    struct work *work = argument;
    unsigned char *record = malloc(work->size);
    for (uint32_t sequence = 0; record && sequence < work->count; sequence++, work->messages++) {
        peer_make_record(record, work->size, work->producer, sequence);
        if (ipc_queue_send(work->queues->queues, record, work->size, NULL) == -1)
            break;
    }
    work->error = work->messages < work->count ? errno : 0;
    free(record);
    return NULL;
}

static void count_message(struct work *work, const unsigned char *record, size_t size, int64_t *last) {
    uint32_t producer, sequence;
    if (size < RECORD_HEADER || !peer_check_record(record, size, &producer, &sequence) ||
        producer >= work->producers || sequence >= work->count) {
        work->torn++;
        return;
    }
    work->messages++;
    work->disordered += sequence <= last[producer];
    last[producer] = sequence;
    work->repeated += atomic_fetch_add(&work->tally[(uint64_t)producer * work->count + sequence], 1) != 0;
}

static void *consume(void *argument) {
    struct work *work = argument;
    const struct queues *queues = work->queues;
    unsigned char *record = malloc(work->size);
    int64_t *last = reallocarray(NULL, work->producers, sizeof *last);
    unsigned from = 0;
    if (record && last) {
        ssize_t length;
        for (uint32_t i = 0; i < work->producers; i++)
            last[i] = -1;
        while ((length = queues->count == 1 ? ipc_queue_receive(queues->queues, record, work->size, NULL)
                                            : ipc_queue_select(queues->queues, queues->count, &from, record,
                                                               work->size, NULL)) != -1)
            count_message(work, record, (size_t)length, last);
    }
    work->error = errno;
    free(last);
    free(record);
    return NULL;
}

enum { MOST_THREADS = 64 };

/* Runs the work in several threads. A single thread's work runs in the main thread, because the runner can
 * observe that this thread blocks. */
static unsigned perform_work(struct call *call, struct work works[], void *(*perform)(void *)) {
    unsigned count = (unsigned)peer_number_or(call, "threads", 1, MOST_THREADS, 1), started = 0;
    pthread_t threads[MOST_THREADS];
    if (call->outcome != OK)
        return 0;
    for (unsigned i = 1; i < count; i++) {
        works[i] = works[0];
        works[i].producer += i;
    }
    for (; started + 1 < count; started++) {
        int error = pthread_create(&threads[started], NULL, perform, &works[started + 1]);
        if (error != 0) {
            works[0].error = error;
            break;
        }
    }
    perform(&works[0]);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started + 1;
}

static void perform_queue_produce(struct call *call) {
    struct queues queues = {.count = 1, .queues = {peer_queue(call)}};
    struct work works[MOST_THREADS] = {{.queues = &queues}};
    works->producer = (uint32_t)peer_number(call, "producer", 0, UINT32_MAX);
    works->count = (uint32_t)peer_number(call, "count", 0, UINT32_MAX);
    works->size = (size_t)peer_number(call, "size", RECORD_HEADER, IPC_QUEUE_MOST);
    unsigned workers = perform_work(call, works, produce);
    unsigned long long sent = 0;
    for (unsigned i = 0; i < workers; i++) {
        if (works[i].error != 0)
            peer_fail(call, works[i].error);
        sent += works[i].messages;
    }
    if (call->outcome != INVALID)
        peer_reply(call, "return", "%llu", sent);
}

/* Finds the queue named by `handle`, or those named by `handles`. */
static void one_or_more_queues(struct call *call, struct queues *queues) {
    if (peer_has(call, "handles")) {
        peer_queues(call, queues);
    } else {
        queues->count = 1;
        queues->queues[0] = peer_queue(call);
    }
}

static void perform_queue_consume(struct call *call) {
    struct queues queues;
    struct work works[MOST_THREADS] = {{.queues = &queues}};
    one_or_more_queues(call, &queues);
    works->producers = (uint32_t)peer_number(call, "producers", 1, 1 << 16);
    works->count = (uint32_t)peer_number(call, "count", 1, UINT32_MAX);
    works->size = call->outcome == OK ? peer_longest_message(&queues) : 0;
    works->tally = peer_memory_at(call, "memory", "at", (size_t)works->producers * works->count);
    unsigned workers = perform_work(call, works, consume);
    struct work all = {0};
    for (unsigned i = 0; i < workers; i++) {
        if (works[i].error != ENODATA)
            peer_fail(call, works[i].error);
        all.messages += works[i].messages;
        all.torn += works[i].torn;
        all.disordered += works[i].disordered;
        all.repeated += works[i].repeated;
    }
    if (call->outcome != OK)
        return;
    peer_reply(call, "messages", "%llu", (unsigned long long)all.messages);
    peer_reply(call, "torn", "%llu", (unsigned long long)all.torn);
    peer_reply(call, "disordered", "%llu", (unsigned long long)all.disordered);
    peer_reply(call, "repeated", "%llu", (unsigned long long)all.repeated);
}

/* Counts how many times each message arrived: on each arrival, a consumer incremented the message's byte. */
static void perform_queue_tally(struct call *call) {
    size_t count = peer_size(call, "count"), often[3] = {0};
    const unsigned char *tally = peer_memory_at(call, "memory", "at", count);
    if (call->outcome != OK)
        return;
    for (size_t i = 0; i < count; i++)
        often[tally[i] < 2 ? tally[i] : 2]++;
    peer_reply(call, "missing", "%zu", often[0]);
    peer_reply(call, "once", "%zu", often[1]);
    peer_reply(call, "repeated", "%zu", often[2]);
}

const struct operation peer_shared_queue_bulk_operations[] = {
    {"queue_produce", "handle producer count size threads", perform_queue_produce},
    {"queue_consume", "handle handles memory at producers count threads", perform_queue_consume},
    {"queue_tally", "memory at count", perform_queue_tally},
    {0},
};
