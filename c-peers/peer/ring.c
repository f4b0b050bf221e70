/* Rings in shared memory, by ipc_ring.h. */
#include "peer.h"

#include <endian.h>
#include <errno.h>
#include <ipc_ring.h>
#include <limits.h>
#include <string.h>

static struct ipc_ring *ring(struct call *call) {
    return held(call, "handle", "end of a ring");
}

static uint32_t content(struct call *call) {
    static const struct symbol contents[] = {{"bytes", IPC_RING_BYTES}, {"records", IPC_RING_RECORDS}, {0}};
    return (uint32_t)one_of(call, "content", contents);
}

/* An operation on bytes is not made with a ring of records, nor the reverse, and not with the other end. */
static struct ipc_ring *end_of(struct call *call, enum ipc_ring_role role, uint32_t content) {
    struct ipc_ring *held = ring(call);
    if (call->outcome == OK && (held->role != role || held->content != content))
        refuse(call, "%s is not for this end of this ring", call->operation);
    return held;
}

static void perform_ring_make(struct call *call) {
    struct segment memory = rest(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t made = content(call);
    uint64_t capacity = (uint64_t)number(call, "capacity", 0, INT64_MAX);
    if (call->outcome == OK && ipc_ring_make(memory.address, memory.size, made, capacity) == -1)
        fail(call, errno);
}

static void perform_ring_open(struct call *call) {
    static const struct symbol roles[] = {
        {"producer", IPC_RING_PRODUCER}, {"consumer", IPC_RING_CONSUMER}, {0}};
    const char *handle = new_handle(call, "handle");
    struct segment memory = rest(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t opened = content(call);
    enum ipc_ring_role role = (enum ipc_ring_role)one_of(call, "end", roles);
    struct ipc_ring end;
    if (call->outcome != OK)
        return;
    if (ipc_ring_open(&end, memory.address, memory.size, opened, role) == -1) {
        fail(call, errno);
        return;
    }
    HOLD(handle, "end of a ring", end);
    answer(call, "capacity", "%llu", (unsigned long long)end.capacity);
}

static void perform_ring_close(struct call *call) {
    struct ipc_ring *closed = ring(call);
    if (call->outcome != OK)
        return;
    if (ipc_ring_close(closed) == -1)
        fail(call, errno);
    release(call);
}

static void perform_ring_write(struct call *call) {
    struct ipc_ring *written = end_of(call, IPC_RING_PRODUCER, IPC_RING_BYTES);
    struct payload bytes = payload(call, "buf", "count");
    ssize_t result;
    struct patience wait = optional_wait_of(call);
    if (call->outcome != OK)
        return;
    do
        result = ipc_ring_write(written, bytes.bytes, bytes.length, wait_end(&wait));
    while (begins_again(&wait, (int)result));
    if (result == -1)
        fail(call, errno);
    else
        answer(call, "return", "%zd", result);
}

static void perform_ring_read(struct call *call) {
    struct ipc_ring *read = end_of(call, IPC_RING_CONSUMER, IPC_RING_BYTES);
    size_t count = (size_t)number(call, "count", 0, INT64_MAX);
    struct expectation expected = expectation(call);
    ssize_t result;
    struct patience wait = optional_wait_of(call);
    void *bytes = call->outcome == OK ? scratch(call, count) : NULL;
    if (!bytes)
        return;
    do
        result = ipc_ring_read(read, bytes, count, wait_end(&wait));
    while (begins_again(&wait, (int)result));
    if (result == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "return", "%zd", result);
    answer_payload(call, "buf", expected, bytes, (size_t)result);
}

static void perform_ring_send(struct call *call) {
    struct ipc_ring *sent = end_of(call, IPC_RING_PRODUCER, IPC_RING_RECORDS);
    struct payload record = payload(call, "msg", "msg_len");
    int result;
    struct patience wait = optional_wait_of(call);
    if (call->outcome != OK)
        return;
    do
        result = ipc_ring_send(sent, record.bytes, record.length, wait_end(&wait));
    while (begins_again(&wait, (int)result));
    if (result == -1)
        fail(call, errno);
}

static void perform_ring_receive(struct call *call) {
    struct ipc_ring *received = end_of(call, IPC_RING_CONSUMER, IPC_RING_RECORDS);
    const long long all = call->outcome == OK ? (long long)received->capacity : 0;
    size_t size = (size_t)number_or(call, "msg_len", 0, INT64_MAX, all);
    struct expectation expected = expectation(call);
    ssize_t result;
    struct patience wait = optional_wait_of(call);
    void *record = call->outcome == OK ? scratch(call, size) : NULL;
    if (!record)
        return;
    do
        result = ipc_ring_receive(received, record, size, wait_end(&wait));
    while (begins_again(&wait, (int)result));
    if (result == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "return", "%zd", result);
    answer_payload(call, "msg", expected, record, (size_t)result);
}

/* The stream in pieces, each written until it is whole. */
static void perform_ring_write_all(struct call *call) {
    struct ipc_ring *written = end_of(call, IPC_RING_PRODUCER, IPC_RING_BYTES);
    struct payload bytes = payload(call, "buf", "count");
    size_t piece = (size_t)number(call, "piece", 1, SSIZE_MAX), done = 0;
    while (call->outcome == OK && done < bytes.length) {
        size_t rest = bytes.length - done;
        ssize_t count =
            ipc_ring_write(written, (const char *)bytes.bytes + done, rest < piece ? rest : piece, NULL);
        if (count == -1)
            fail(call, errno);
        else
            done += (size_t)count;
    }
    if (call->outcome != INVALID)
        answer(call, "return", "%zu", done);
}

/* The stream to its end, in pieces, each as it comes. */
static void perform_ring_read_all(struct call *call) {
    struct ipc_ring *read = end_of(call, IPC_RING_CONSUMER, IPC_RING_BYTES);
    size_t piece = (size_t)number(call, "piece", 1, 65536),
           count = (size_t)number(call, "count", 0, SSIZE_MAX);
    struct expectation expected = expectation(call);
    char *bytes = call->outcome == OK ? scratch(call, count) : NULL;
    size_t done = 0;
    if (!bytes)
        return;
    while (done < count) {
        size_t rest = count - done;
        ssize_t result = ipc_ring_read(read, bytes + done, rest < piece ? rest : piece, NULL);
        if (result == -1) {
            fail(call, errno);
            return;
        }
        if (result == 0)
            break;
        done += (size_t)result;
    }
    answer(call, "return", "%zu", done);
    answer_payload(call, "buf", expected, bytes, done);
}

/* Word i of counted record n is the first word of the pattern n, and i more: each byte is known, and costs
 * the time of a copy. */
static void count_into(uint64_t *record, size_t words, uint64_t number) {
    const uint64_t first = le64toh(pattern_word(number, 0));
    for (size_t i = 0; i < words; i++)
        record[i] = htole64(first + i);
}

static bool is_counted(const uint64_t *record, size_t words, uint64_t number) {
    const uint64_t first = le64toh(pattern_word(number, 0));
    uint64_t difference = 0;
    for (size_t i = 0; i < words; i++)
        difference |= le64toh(record[i]) ^ (first + i);
    return difference == 0;
}

static size_t record_size(struct call *call) {
    size_t size = (size_t)number(call, "size", 8, 1 << 30);
    if (size % 8 != 0)
        refuse(call, "a counted record is made of words of 8 bytes");
    return size;
}

static void perform_ring_write_records(struct call *call) {
    struct ipc_ring *sent = end_of(call, IPC_RING_PRODUCER, IPC_RING_RECORDS);
    uint64_t count = (uint64_t)number(call, "count", 0, INT64_MAX), done = 0;
    size_t size = record_size(call);
    uint64_t *record = call->outcome == OK ? scratch(call, size) : NULL;
    if (!record)
        return;
    for (; done < count; done++) {
        count_into(record, size / 8, done);
        if (ipc_ring_send(sent, record, size, NULL) == -1) {
            fail(call, errno);
            break;
        }
    }
    answer(call, "return", "%llu", (unsigned long long)done);
}

static void perform_ring_read_records(struct call *call) {
    struct ipc_ring *received = end_of(call, IPC_RING_CONSUMER, IPC_RING_RECORDS);
    size_t size = record_size(call);
    uint64_t *record = call->outcome == OK ? scratch(call, size) : NULL, records = 0, wrong = 0;
    ssize_t length;
    if (!record)
        return;
    for (; (length = ipc_ring_receive(received, record, size, NULL)) != -1; records++)
        wrong += (size_t)length != size || !is_counted(record, size / 8, records);
    if (errno != ENODATA)
        fail(call, errno);
    answer(call, "records", "%llu", (unsigned long long)records);
    answer(call, "wrong", "%llu", (unsigned long long)wrong);
}

/* One of a few values that a header might have and should not, or an arbitrary one. */
static uint64_t spoilt(uint64_t value, uint64_t how) {
    switch (how % 5) {
    case 0: return how;
    case 1: return how >> 8 & 511;
    case 2: return UINT64_MAX;
    case 3: return value + 1;
    default: return value ^ UINT64_C(1) << (how >> 8 & 63);
    }
}

/* A ring with one record in it, of which up to three fields are spoilt. */
static void spoil(unsigned char *memory, uint64_t round) {
    static const struct {
        size_t offset, size;
    } fields[] = {{0, 8}, {8, 4}, {12, 4}, {16, 8}, {24, 8}, {64, 8}, {72, 8}, {128, 8}, {136, 8}, {192, 8}};
    const uint64_t written = 24, length = 16, count = 1 + le64toh(pattern_word(round, 0)) % 3;
    memcpy(memory + 64, &written, 8);
    memcpy(memory + 192, &length, 8);
    for (uint64_t i = 0; i < count; i++) {
        const size_t field = le64toh(pattern_word(round, 1 + 2 * i)) % 10;
        uint64_t value = 0;
        memcpy(&value, memory + fields[field].offset, fields[field].size);
        value = spoilt(value, le64toh(pattern_word(round, 2 + 2 * i)));
        memcpy(memory + fields[field].offset, &value, fields[field].size);
    }
}

/* What failed for want of something, or was interrupted, tells nothing of the ring. */
static int32_t outcome_of(struct call *call, ssize_t result) {
    static const int of_rings[] = {EBADMSG,    EBUSY,           EINVAL, EMSGSIZE, ENODATA,
                                   EOWNERDEAD, EPROTONOSUPPORT, EPIPE,  ETIMEDOUT};
    if (result != -1)
        return 0;
    for (size_t i = 0; i < sizeof of_rings / sizeof *of_rings; i++)
        if (errno == of_rings[i])
            return errno;
    fail(call, errno);
    return errno;
}

/* What comes of opening each end of a spoilt ring, and of using it: four errors, 0 for none, -1 for not
 * tried. */
static void try_spoilt(struct call *call, struct segment memory, int32_t outcomes[4]) {
    static const struct timespec past = {0};
    unsigned char bytes[256] = {0};
    struct ipc_ring end;
    outcomes[1] = outcomes[3] = -1;
    outcomes[0] = outcome_of(
        call, ipc_ring_open(&end, memory.address, memory.size, IPC_RING_RECORDS, IPC_RING_CONSUMER));
    if (outcomes[0] == 0) {
        outcomes[1] = outcome_of(call, ipc_ring_receive(&end, bytes, sizeof bytes, &past));
        ipc_ring_close(&end);
    }
    outcomes[2] = outcome_of(
        call, ipc_ring_open(&end, memory.address, memory.size, IPC_RING_RECORDS, IPC_RING_PRODUCER));
    if (outcomes[2] == 0) {
        outcomes[3] = outcome_of(call, ipc_ring_send(&end, bytes, 16, &past));
        ipc_ring_close(&end);
    }
}

static void perform_ring_spoil(struct call *call) {
    struct segment memory = rest(call, "memory", "at", sizeof(struct ipc_ring_header));
    uint32_t first = (uint32_t)number(call, "seed", 0, UINT32_MAX);
    uint32_t count = (uint32_t)number(call, "count", 0, 1 << 20);
    int32_t(*outcomes)[4] = call->outcome == OK ? scratch(call, count * sizeof *outcomes) : NULL;
    unsigned worked[4] = {0};
    if (!outcomes)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (ipc_ring_make(memory.address, memory.size, IPC_RING_RECORDS, 256) == -1) {
            fail(call, errno);
            return;
        }
        spoil(memory.address, (uint64_t)first << 32 | i);
        try_spoilt(call, memory, outcomes[i]);
        if (call->outcome != OK)
            return;
        for (int j = 0; j < 4; j++)
            worked[j] += outcomes[i][j] == 0;
    }
    answer(call, "consumers", "%u", worked[0]);
    answer(call, "received", "%u", worked[1]);
    answer(call, "producers", "%u", worked[2]);
    answer(call, "sent", "%u", worked[3]);
    answer(call, "digest", "%016llx", (unsigned long long)digest(outcomes, count * sizeof *outcomes));
}

const struct operation ring_operations[] = {
    {"ring_make", "memory at content capacity", perform_ring_make},
    {"ring_open", "handle memory at content end", perform_ring_open},
    {"ring_close", "handle", perform_ring_close},
    {"ring_write", "handle buf count pattern offset timeout eintr", perform_ring_write},
    {"ring_read", "handle count pattern offset timeout eintr", perform_ring_read},
    {"ring_send", "handle msg msg_len pattern offset timeout eintr", perform_ring_send},
    {"ring_receive", "handle msg_len pattern offset timeout eintr", perform_ring_receive},
    {"ring_write_all", "handle buf count pattern offset piece", perform_ring_write_all},
    {"ring_read_all", "handle count pattern offset piece", perform_ring_read_all},
    {"ring_write_records", "handle count size", perform_ring_write_records},
    {"ring_read_records", "handle size", perform_ring_read_records},
    {"ring_spoil", "memory at seed count", perform_ring_spoil},
    {0},
};
