/* Series of bytes or records through rings, in tight loops. */
#include "ring.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>

/* Writes the stream in pieces. */
static void perform_ring_write_all(struct call *call) {
    struct ipc_ring *written = peer_ring_end(call, IPC_RING_PRODUCER, IPC_RING_BYTES);
    struct payload bytes = peer_payload(call, "buf", "count");
    size_t piece = (size_t)peer_number(call, "piece", 1, SSIZE_MAX), done = 0;
    while (call->outcome == OK && done < bytes.length) {
        size_t rest = bytes.length - done;
        ssize_t count =
            ipc_ring_write(written, (const char *)bytes.bytes + done, rest < piece ? rest : piece, NULL);
        if (count == -1)
            peer_fail(call, errno);
        else
            done += (size_t)count;
    }
    if (call->outcome != INVALID)
        peer_reply(call, "return", "%zu", done);
}

/* Reads the stream to its end, in pieces. */
static void perform_ring_read_all(struct call *call) {
    struct ipc_ring *read = peer_ring_end(call, IPC_RING_CONSUMER, IPC_RING_BYTES);
    size_t piece = (size_t)peer_number(call, "piece", 1, 65536),
           count = (size_t)peer_number(call, "count", 0, SSIZE_MAX);
    struct expectation expected = peer_expectation(call);
    char *bytes = call->outcome == OK ? peer_scratch(call, count) : NULL;
    size_t done = 0;
    if (!bytes)
        return;
    while (done < count) {
        size_t rest = count - done;
        ssize_t result = ipc_ring_read(read, bytes + done, rest < piece ? rest : piece, NULL);
        if (result == -1) {
            peer_fail(call, errno);
            return;
        }
        if (result == 0)
            break;
        done += (size_t)result;
    }
    peer_reply(call, "return", "%zu", done);
    peer_reply_payload(call, "buf", expected, bytes, done);
}

/* Word i of record n is the first word of pattern n, plus i: every byte can be checked, and generating the
 * record costs only as much as a copy. */
static void count_into(uint64_t *record, size_t words, uint64_t number) {
    const uint64_t first = le64toh(peer_pattern_word(number, 0));
    for (size_t i = 0; i < words; i++)
        record[i] = htole64(first + i);
}

static bool is_counted(const uint64_t *record, size_t words, uint64_t number) {
    const uint64_t first = le64toh(peer_pattern_word(number, 0));
    uint64_t difference = 0;
    for (size_t i = 0; i < words; i++)
        difference |= le64toh(record[i]) ^ (first + i);
    return difference == 0;
}

static size_t record_size(struct call *call) {
    size_t size = (size_t)peer_number(call, "size", 8, 1 << 30);
    if (size % 8 != 0)
        peer_invalid_request(call, "the size of a counted record is a multiple of 8");
    return size;
}

static void perform_ring_write_records(struct call *call) {
    struct ipc_ring *sent = peer_ring_end(call, IPC_RING_PRODUCER, IPC_RING_RECORDS);
    uint64_t count = (uint64_t)peer_number(call, "count", 0, INT64_MAX), done = 0;
    size_t size = record_size(call);
    uint64_t *record = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!record)
        return;
    for (; done < count; done++) {
        count_into(record, size / 8, done);
        if (ipc_ring_send(sent, record, size, NULL) == -1) {
            peer_fail(call, errno);
            break;
        }
    }
    peer_reply(call, "return", "%llu", (unsigned long long)done);
}

static void perform_ring_read_records(struct call *call) {
    struct ipc_ring *received = peer_ring_end(call, IPC_RING_CONSUMER, IPC_RING_RECORDS);
    size_t size = record_size(call);
    uint64_t *record = call->outcome == OK ? peer_scratch(call, size) : NULL, records = 0, wrong = 0;
    ssize_t length;
    if (!record)
        return;
    for (; (length = ipc_ring_receive(received, record, size, NULL)) != -1; records++)
        wrong += (size_t)length != size || !is_counted(record, size / 8, records);
    if (errno != ENODATA)
        peer_fail(call, errno);
    peer_reply(call, "records", "%llu", (unsigned long long)records);
    peer_reply(call, "wrong", "%llu", (unsigned long long)wrong);
}

const struct operation peer_ring_series_operations[] = {
    {"ring_write_all", "handle buf count pattern offset piece", perform_ring_write_all},
    {"ring_read_all", "handle count pattern offset piece", perform_ring_read_all},
    {"ring_write_records", "handle count size", perform_ring_write_records},
    {"ring_read_records", "handle size", perform_ring_read_records},
    {0},
};
