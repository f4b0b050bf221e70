/* Bounded queues in shared memory, using ipc_queue.h. */
#include "shared_queue.h"

#include <errno.h>
#include <string.h>

struct ipc_queue peer_queue(struct call *call) {
    return *(struct ipc_queue *)peer_find_handle(call, "handle", "queue");
}

static void perform_queue_make(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    struct segment memory = peer_memory_from(call, "memory", "at", 0);
    uint32_t slots = (uint32_t)peer_number(call, "slots", 0, UINT32_MAX);
    uint32_t size = (uint32_t)peer_number(call, "size", 0, UINT32_MAX);
    struct ipc_queue made;
    if (call->outcome != OK)
        return;
    if (ipc_queue_make(&made, memory.address, memory.size, slots, size) == -1) {
        peer_fail(call, errno);
        return;
    }
    PEER_REGISTER(handle, "queue", made);
    peer_reply(call, "bytes", "%llu", (unsigned long long)ipc_queue_bytes(slots, size));
}

static void perform_queue_open(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    struct segment memory = peer_memory_from(call, "memory", "at", 0);
    struct ipc_queue opened;
    if (call->outcome != OK)
        return;
    if (ipc_queue_open(&opened, memory.address, memory.size) == -1) {
        peer_fail(call, errno);
        return;
    }
    PEER_REGISTER(handle, "queue", opened);
    peer_reply(call, "slots", "%u", opened.slot_count);
    peer_reply(call, "size", "%u", opened.slot_size);
}

static void perform_queue_send(struct call *call) {
    struct ipc_queue sent = peer_queue(call);
    struct payload message = peer_payload(call, "msg", "msg_len");
    int result;
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    do
        result = ipc_queue_send(&sent, message.bytes, message.length, peer_deadline(&wait));
    while (peer_retry(&wait, result));
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_queue_trysend(struct call *call) {
    struct ipc_queue sent = peer_queue(call);
    struct payload message = peer_payload(call, "msg", "msg_len");
    if (call->outcome == OK && ipc_queue_trysend(&sent, message.bytes, message.length) == -1)
        peer_fail(call, errno);
}

static void answer_message(struct call *call, struct expectation expected, const void *message,
                           ssize_t length) {
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply_payload(call, "msg", expected, message, (size_t)length);
}

static void perform_queue_receive(struct call *call) {
    struct ipc_queue received = peer_queue(call);
    size_t size = peer_has(call, "msg_len") ? peer_size(call, "msg_len") : received.slot_size;
    struct expectation expected = peer_expectation(call);
    ssize_t length;
    struct timeout wait = peer_optional_timeout(call);
    void *message = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!message)
        return;
    do
        length = ipc_queue_receive(&received, message, size, peer_deadline(&wait));
    while (peer_retry(&wait, (int)length));
    answer_message(call, expected, message, length);
}

static void perform_queue_tryreceive(struct call *call) {
    struct ipc_queue received = peer_queue(call);
    struct expectation expected = peer_expectation(call);
    void *message = call->outcome == OK ? peer_scratch(call, received.slot_size) : NULL;
    if (message)
        answer_message(call, expected, message, ipc_queue_tryreceive(&received, message, received.slot_size));
}

void peer_queues(struct call *call, struct queues *queues) {
    static char text_of_names[LINE_SIZE];
    char *rest = text_of_names, *name;
    queues->count = 0;
    strlcpy(text_of_names, peer_text(call, "handles"), sizeof text_of_names);
    while (call->outcome == OK && (name = strsep(&rest, ","))) {
        if (queues->count == IPC_QUEUE_MOST_SELECTED) {
            peer_invalid_request(call, "more than %d queues", IPC_QUEUE_MOST_SELECTED);
            return;
        }
        queues->names[queues->count] = name;
        queues->queues[queues->count++] = *(struct ipc_queue *)peer_find_handle_named(call, name, "queue");
    }
}

size_t peer_longest_message(const struct queues *queues) {
    size_t longest = 0;
    for (unsigned i = 0; i < queues->count; i++)
        if (queues->queues[i].slot_size > longest)
            longest = queues->queues[i].slot_size;
    return longest;
}

static void perform_queue_select(struct call *call) {
    struct queues selected;
    peer_queues(call, &selected);
    long long count = peer_number_or(call, "count", 1, 100, 1);
    struct expectation expected = peer_expectation(call);
    ssize_t length = -1;
    struct timeout wait = peer_optional_timeout(call);
    size_t size = peer_longest_message(&selected);
    void *message = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!message)
        return;
    /* The search starts with the first queue. */
    unsigned from = selected.count - 1;
    char sources[256] = "";
    for (long long i = 0; i < count; i++) {
        do
            length =
                ipc_queue_select(selected.queues, selected.count, &from, message, size, peer_deadline(&wait));
        while (peer_retry(&wait, (int)length));
        if (length == -1)
            break;
        strlcat(sources, i > 0 ? "," : "", sizeof sources);
        strlcat(sources, selected.names[from], sizeof sources);
    }
    if (length != -1)
        peer_reply(call, "from", "%s", sources);
    answer_message(call, expected, message, length);
}

static void perform_queue_close(struct call *call) {
    struct ipc_queue closed = peer_queue(call);
    if (call->outcome == OK && ipc_queue_close(&closed, NULL) == -1)
        peer_fail(call, errno);
}

static void perform_queue_status(struct call *call) {
    struct ipc_queue asked = peer_queue(call);
    int64_t count = call->outcome == OK ? ipc_queue_messages(&asked, NULL) : 0;
    if (call->outcome != OK)
        return;
    if (count == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "messages", "%lld", (long long)count);
    peer_reply(call, "closed", "%s", asked.header->closed ? "yes" : "no");
    peer_reply(call, "recoveries", "%u", asked.header->recoveries);
}

/* Performs part of a send or receive, up to the point `at`, and keeps the queue's lock, so that the peer can
 * be killed at that point. */
static void perform_queue_hold(struct call *call) {
    enum { LOCKED, PLACED, PUBLISHED, COPIED, CONSUMED };
    static const struct symbol points[] = {{"locked", LOCKED},       {"placed", PLACED},
                                           {"published", PUBLISHED}, {"copied", COPIED},
                                           {"consumed", CONSUMED},   {0}};
    struct ipc_queue kept = peer_queue(call);
    int point = peer_symbol(call, "at", points);
    bool sends = point == PLACED || point == PUBLISHED;
    struct payload message = sends ? peer_payload(call, "msg", "msg_len") : (struct payload){0};
    if (call->outcome != OK)
        return;
    if (message.length > kept.slot_size) {
        peer_fail(call, EMSGSIZE);
        return;
    }
    void *copy = sends ? NULL : peer_scratch(call, kept.slot_size);
    if (ipc_queue__lock(&kept, NULL) == -1) {
        peer_fail(call, errno);
        return;
    }
    if (sends)
        ipc_queue__write(&kept, message.bytes, message.length);
    if (point == PUBLISHED)
        ipc_queue__publish(&kept);
    if ((point == COPIED || point == CONSUMED) && ipc_queue__read(&kept, copy, kept.slot_size) == -1)
        peer_fail(call, errno);
    else if (point == CONSUMED)
        ipc_queue__consume(&kept);
}

const struct operation peer_shared_queue_operations[] = {
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
    {0},
};
