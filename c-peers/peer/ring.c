/* Rings in shared memory, using ipc_ring.h. */
#include "ring.h"

#include <errno.h>

static struct ipc_ring *find_ring(struct call *call) {
    return peer_find_handle(call, "handle", "end of a ring");
}

static uint32_t content(struct call *call) {
    static const struct symbol contents[] = {{"bytes", IPC_RING_BYTES}, {"records", IPC_RING_RECORDS}, {0}};
    return (uint32_t)peer_symbol(call, "content", contents);
}

struct ipc_ring *peer_ring_end(struct call *call, enum ipc_ring_role role, uint32_t content) {
    struct ipc_ring *held = find_ring(call);
    if (call->outcome == OK && (held->role != role || held->content != content))
        peer_invalid_request(call, "%s is not for this end of this ring", call->operation);
    return held;
}

static void perform_ring_make(struct call *call) {
    struct segment memory = peer_memory_from(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t made = content(call);
    uint64_t capacity = (uint64_t)peer_number(call, "capacity", 0, INT64_MAX);
    if (call->outcome == OK && ipc_ring_make(memory.address, memory.size, made, capacity) == -1)
        peer_fail(call, errno);
}

static void perform_ring_open(struct call *call) {
    static const struct symbol roles[] = {
        {"producer", IPC_RING_PRODUCER}, {"consumer", IPC_RING_CONSUMER}, {0}};
    const char *handle = peer_new_handle(call, "handle");
    struct segment memory = peer_memory_from(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t opened = content(call);
    enum ipc_ring_role role = (enum ipc_ring_role)peer_symbol(call, "end", roles);
    struct ipc_ring end;
    if (call->outcome != OK)
        return;
    if (ipc_ring_open(&end, memory.address, memory.size, opened, role) == -1) {
        peer_fail(call, errno);
        return;
    }
    PEER_REGISTER(handle, "end of a ring", end);
    peer_reply(call, "capacity", "%llu", (unsigned long long)end.capacity);
}

static void perform_ring_close(struct call *call) {
    struct ipc_ring *closed = find_ring(call);
    if (call->outcome != OK)
        return;
    if (ipc_ring_close(closed) == -1)
        peer_fail(call, errno);
    peer_release_handle(call);
}

static void perform_ring_write(struct call *call) {
    struct ipc_ring *written = peer_ring_end(call, IPC_RING_PRODUCER, IPC_RING_BYTES);
    struct payload bytes = peer_payload(call, "buf", "count");
    ssize_t result;
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    do
        result = ipc_ring_write(written, bytes.bytes, bytes.length, peer_deadline(&wait));
    while (peer_retry(&wait, result));
    if (result == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%zd", result);
}

static void perform_ring_read(struct call *call) {
    struct ipc_ring *read = peer_ring_end(call, IPC_RING_CONSUMER, IPC_RING_BYTES);
    size_t count = peer_size(call, "count");
    struct expectation expected = peer_expectation(call);
    ssize_t result;
    struct timeout wait = peer_optional_timeout(call);
    void *bytes = call->outcome == OK ? peer_scratch(call, count) : NULL;
    if (!bytes)
        return;
    do
        result = ipc_ring_read(read, bytes, count, peer_deadline(&wait));
    while (peer_retry(&wait, result));
    if (result == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", result);
    peer_reply_payload(call, "buf", expected, bytes, (size_t)result);
}

static void perform_ring_send(struct call *call) {
    struct ipc_ring *sent = peer_ring_end(call, IPC_RING_PRODUCER, IPC_RING_RECORDS);
    struct payload record = peer_payload(call, "msg", "msg_len");
    int result;
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    do
        result = ipc_ring_send(sent, record.bytes, record.length, peer_deadline(&wait));
    while (peer_retry(&wait, result));
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_ring_receive(struct call *call) {
    struct ipc_ring *received = peer_ring_end(call, IPC_RING_CONSUMER, IPC_RING_RECORDS);
    const size_t all = call->outcome == OK ? received->capacity : 0;
    size_t size = peer_has(call, "msg_len") ? peer_size(call, "msg_len") : all;
    struct expectation expected = peer_expectation(call);
    ssize_t result;
    struct timeout wait = peer_optional_timeout(call);
    void *record = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!record)
        return;
    do
        result = ipc_ring_receive(received, record, size, peer_deadline(&wait));
    while (peer_retry(&wait, result));
    if (result == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", result);
    peer_reply_payload(call, "msg", expected, record, (size_t)result);
}

const struct operation peer_ring_operations[] = {
    {"ring_make", "memory at content capacity", perform_ring_make},
    {"ring_open", "handle memory at content end", perform_ring_open},
    {"ring_close", "handle", perform_ring_close},
    {"ring_write", "handle buf count pattern offset timeout eintr", perform_ring_write},
    {"ring_read", "handle count pattern offset timeout eintr", perform_ring_read},
    {"ring_send", "handle msg msg_len pattern offset timeout eintr", perform_ring_send},
    {"ring_receive", "handle msg_len pattern offset timeout eintr", perform_ring_receive},
    {0},
};
