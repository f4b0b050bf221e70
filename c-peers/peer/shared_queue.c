/* Bounded queues in shared memory, by ipc_queue.h. */
#include "peer.h"

#include <errno.h>
#include <ipc_queue.h>
#include <stdlib.h>
#include <string.h>

/* How a request waits: at most until when, and whether on after an interruption. */
struct wait {
    bool retry;
    const struct timespec *deadline;
    struct timespec end;
};

static void wait_of(struct call *call, struct wait *wait) {
    *wait = (struct wait){.retry = retries(call)};
    if (!has(call, "timeout"))
        return;
    wait->end = time_after(CLOCK_MONOTONIC, seconds(call, "timeout"));
    wait->deadline = &wait->end;
}

static void perform_queue_make(struct call *call) {
    const char *handle = new_handle(call, "handle");
    struct segment memory = rest(call, "memory", "at");
    uint32_t slots = (uint32_t)number(call, "slots", 0, UINT32_MAX);
    uint32_t size = (uint32_t)number(call, "size", 0, UINT32_MAX);
    struct ipc_queue made;
    if (call->outcome != OK)
        return;
    if (ipc_queue_make(&made, memory.address, memory.size, slots, size) == -1) {
        fail(call, errno);
        return;
    }
    hold_queue(handle, made);
    answer(call, "bytes", "%llu", (unsigned long long)ipc_queue_bytes(slots, size));
}

static void perform_queue_open(struct call *call) {
    const char *handle = new_handle(call, "handle");
    struct segment memory = rest(call, "memory", "at");
    struct ipc_queue opened;
    if (call->outcome != OK)
        return;
    if (ipc_queue_open(&opened, memory.address, memory.size) == -1) {
        fail(call, errno);
        return;
    }
    hold_queue(handle, opened);
    answer(call, "slots", "%u", opened.slot_count);
    answer(call, "size", "%u", opened.slot_size);
}

static void perform_queue_send(struct call *call) {
    struct ipc_queue sent = queue(call);
    struct payload message = payload(call, "msg", "msg_len");
    struct wait wait;
    int result;
    wait_of(call, &wait);
    if (call->outcome != OK)
        return;
    do
        result = ipc_queue_send(&sent, message.bytes, message.length, wait.deadline);
    while (result == -1 && errno == EINTR && wait.retry);
    if (result == -1)
        fail(call, errno);
}

static void perform_queue_trysend(struct call *call) {
    struct ipc_queue sent = queue(call);
    struct payload message = payload(call, "msg", "msg_len");
    if (call->outcome == OK && ipc_queue_trysend(&sent, message.bytes, message.length) == -1)
        fail(call, errno);
}

static void answer_message(struct call *call, struct expectation expected, const void *message,
                           ssize_t length) {
    if (length == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "return", "%zd", length);
    answer_payload(call, "msg", expected, message, (size_t)length);
}

static void perform_queue_receive(struct call *call) {
    struct ipc_queue received = queue(call);
    size_t size = (size_t)number_or(call, "msg_len", 0, INT64_MAX, received.slot_size);
    struct expectation expected = expectation(call);
    struct wait wait;
    ssize_t length;
    wait_of(call, &wait);
    void *message = call->outcome == OK ? scratch(call, size) : NULL;
    if (!message)
        return;
    do
        length = ipc_queue_receive(&received, message, size, wait.deadline);
    while (length == -1 && errno == EINTR && wait.retry);
    answer_message(call, expected, message, length);
}

static void perform_queue_tryreceive(struct call *call) {
    struct ipc_queue received = queue(call);
    struct expectation expected = expectation(call);
    void *message = call->outcome == OK ? scratch(call, received.slot_size) : NULL;
    if (message)
        answer_message(call, expected, message, ipc_queue_tryreceive(&received, message, received.slot_size));
}

/* The queues that a request names, joined by commas; all of the names in one text, each ended by a NUL. */
struct queues {
    unsigned count;
    struct ipc_queue queues[IPC_QUEUE_MOST_SELECTED];
    char *names[IPC_QUEUE_MOST_SELECTED];
};

static void queues_of(struct call *call, struct queues *queues) {
    static char text_of_names[LINE_SIZE];
    char *rest = text_of_names, *name;
    queues->count = 0;
    strlcpy(text_of_names, text(call, "handles"), sizeof text_of_names);
    while (call->outcome == OK && (name = strsep(&rest, ","))) {
        if (queues->count == IPC_QUEUE_MOST_SELECTED) {
            refuse(call, "more than %d queues", IPC_QUEUE_MOST_SELECTED);
            return;
        }
        queues->names[queues->count] = name;
        queues->queues[queues->count++] = named_queue(call, name);
    }
}

/* The queue that a request has from `handle`, or those from `handles`. */
static void one_or_more_queues(struct call *call, struct queues *queues) {
    if (has(call, "handles")) {
        queues_of(call, queues);
    } else {
        queues->count = 1;
        queues->queues[0] = queue(call);
    }
}

static size_t longest_message(const struct queues *queues) {
    size_t longest = 0;
    for (unsigned i = 0; i < queues->count; i++)
        if (queues->queues[i].slot_size > longest)
            longest = queues->queues[i].slot_size;
    return longest;
}

static void perform_queue_select(struct call *call) {
    struct queues selected;
    queues_of(call, &selected);
    long long count = number_or(call, "count", 1, 100, 1);
    struct expectation expected = expectation(call);
    struct wait wait;
    ssize_t length = -1;
    wait_of(call, &wait);
    size_t size = longest_message(&selected);
    void *message = call->outcome == OK ? scratch(call, size) : NULL;
    if (!message)
        return;
    /* Behind the last one is the first. */
    unsigned from = selected.count - 1;
    char sources[256] = "";
    for (long long i = 0; i < count; i++) {
        do
            length = ipc_queue_select(selected.queues, selected.count, &from, message, size, wait.deadline);
        while (length == -1 && errno == EINTR && wait.retry);
        if (length == -1)
            break;
        strlcat(sources, i > 0 ? "," : "", sizeof sources);
        strlcat(sources, selected.names[from], sizeof sources);
    }
    if (length != -1)
        answer(call, "from", "%s", sources);
    answer_message(call, expected, message, length);
}

static void perform_queue_close(struct call *call) {
    struct ipc_queue closed = queue(call);
    if (call->outcome == OK && ipc_queue_close(&closed) == -1)
        fail(call, errno);
}

static void perform_queue_status(struct call *call) {
    struct ipc_queue asked = queue(call);
    int64_t count = call->outcome == OK ? ipc_queue_messages(&asked) : 0;
    if (call->outcome != OK)
        return;
    if (count == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "messages", "%lld", (long long)count);
    answer(call, "closed", "%s", asked.header->closed ? "yes" : "no");
    answer(call, "recoveries", "%u", asked.header->recoveries);
}

/* Sends or receives up to a point, and stays there, with the queue in its hands: for whoever then dies. */
static void perform_queue_hold(struct call *call) {
    enum { LOCKED, PLACED, PUBLISHED, COPIED, CONSUMED };
    static const struct symbol points[] = {{"locked", LOCKED},       {"placed", PLACED},
                                           {"published", PUBLISHED}, {"copied", COPIED},
                                           {"consumed", CONSUMED},   {0}};
    struct ipc_queue kept = queue(call);
    int point = one_of(call, "at", points);
    bool sends = point == PLACED || point == PUBLISHED;
    struct payload message = sends ? payload(call, "msg", "msg_len") : (struct payload){0};
    if (call->outcome != OK)
        return;
    if (message.length > kept.slot_size) {
        fail(call, EMSGSIZE);
        return;
    }
    void *copy = sends ? NULL : scratch(call, kept.slot_size);
    if (ipc_queue__lock(&kept, NULL) == -1) {
        fail(call, errno);
        return;
    }
    if (sends)
        ipc_queue__write(&kept, message.bytes, message.length);
    if (point == PUBLISHED)
        ipc_queue__publish(&kept);
    if ((point == COPIED || point == CONSUMED) && ipc_queue__read(&kept, copy, kept.slot_size) == -1)
        fail(call, errno);
    else if (point == CONSUMED)
        ipc_queue__consume(&kept);
}

/* What one thread does of a bulk operation, and what came of it. */
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
        make_record(record, work->size, work->producer, sequence);
        if (ipc_queue_send(work->queues->queues, record, work->size, NULL) == -1)
            break;
    }
    work->error = work->messages < work->count ? errno : 0;
    free(record);
    return NULL;
}

static void count_message(struct work *work, const unsigned char *record, size_t size, int64_t *last) {
    uint32_t producer, sequence;
    if (size < RECORD_HEADER || !check_record(record, size, &producer, &sequence) ||
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

/* By so many threads; by the first one alone where nothing else is asked for, so that it is seen to block. */
static unsigned perform_work(struct call *call, struct work works[], void *(*perform)(void *)) {
    unsigned count = (unsigned)number_or(call, "threads", 1, MOST_THREADS, 1), started = 0;
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
    struct queues queues = {.count = 1, .queues = {queue(call)}};
    struct work works[MOST_THREADS] = {{.queues = &queues}};
    works->producer = (uint32_t)number(call, "producer", 0, UINT32_MAX);
    works->count = (uint32_t)number(call, "count", 0, UINT32_MAX);
    works->size = (size_t)number(call, "size", RECORD_HEADER, IPC_QUEUE_MOST);
    unsigned workers = perform_work(call, works, produce);
    unsigned long long sent = 0;
    for (unsigned i = 0; i < workers; i++) {
        if (works[i].error != 0)
            fail(call, works[i].error);
        sent += works[i].messages;
    }
    if (call->outcome != INVALID)
        answer(call, "return", "%llu", sent);
}

static void perform_queue_consume(struct call *call) {
    struct queues queues;
    struct work works[MOST_THREADS] = {{.queues = &queues}};
    one_or_more_queues(call, &queues);
    works->producers = (uint32_t)number(call, "producers", 1, 1 << 16);
    works->count = (uint32_t)number(call, "count", 1, UINT32_MAX);
    works->size = call->outcome == OK ? longest_message(&queues) : 0;
    works->tally = place(call, "memory", "at", (size_t)works->producers * works->count);
    unsigned workers = perform_work(call, works, consume);
    struct work all = {0};
    for (unsigned i = 0; i < workers; i++) {
        if (works[i].error != ENODATA)
            fail(call, works[i].error);
        all.messages += works[i].messages;
        all.torn += works[i].torn;
        all.disordered += works[i].disordered;
        all.repeated += works[i].repeated;
    }
    if (call->outcome != OK)
        return;
    answer(call, "messages", "%llu", (unsigned long long)all.messages);
    answer(call, "torn", "%llu", (unsigned long long)all.torn);
    answer(call, "disordered", "%llu", (unsigned long long)all.disordered);
    answer(call, "repeated", "%llu", (unsigned long long)all.repeated);
}

/* How often each message came: one byte for each, which whoever consumed it has counted up. */
static void perform_queue_tally(struct call *call) {
    size_t count = (size_t)number(call, "count", 0, INT64_MAX), often[3] = {0};
    const unsigned char *tally = place(call, "memory", "at", count);
    if (call->outcome != OK)
        return;
    for (size_t i = 0; i < count; i++)
        often[tally[i] < 2 ? tally[i] : 2]++;
    answer(call, "missing", "%zu", often[0]);
    answer(call, "once", "%zu", often[1]);
    answer(call, "repeated", "%zu", often[2]);
}

const struct operation shared_queue_operations[] = {
    {"queue_make", "handle memory at slots size", perform_queue_make},
    {"queue_open", "handle memory at", perform_queue_open},
    {"queue_send", "handle msg msg_len pattern offset timeout eintr", perform_queue_send},
    {"queue_trysend", "handle msg msg_len pattern offset", perform_queue_trysend},
    {"queue_receive", "handle msg_len pattern offset timeout eintr", perform_queue_receive},
    {"queue_tryreceive", "handle pattern offset", perform_queue_tryreceive},
    {"queue_select", "handles count pattern offset timeout eintr", perform_queue_select},
    {"queue_close", "handle", perform_queue_close},
    {"queue_status", "handle", perform_queue_status},
    {"queue_hold", "handle at msg msg_len pattern offset", perform_queue_hold},
    {"queue_produce", "handle producer count size threads", perform_queue_produce},
    {"queue_consume", "handle handles memory at producers count threads", perform_queue_consume},
    {"queue_tally", "memory at count", perform_queue_tally},
    {0},
};
