/* Buffered reading of byte streams by line, delimiter or length, and buffered writing with an explicit
 * flush. */
#include "peer.h"
#include "ring.h"
#include "transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CAPACITY = 65536, MAXIMUM = 1 << 30, MAXIMUM_DELIMITER = 16 };

struct bytes {
    unsigned char *room;
    size_t capacity, begin, end;
};

struct buffer {
    int fd; /* -1 if the stream is a ring end */
    struct ipc_ring *ring;
    size_t capacity;
    struct bytes in, out;
};

static struct buffer *find_buffer(struct call *call) {
    return peer_find_handle(call, "handle", "buffer");
}

static size_t count_of(const struct bytes *bytes) {
    return bytes->end - bytes->begin;
}

static void consume(struct bytes *bytes, size_t count) {
    bytes->begin += count;
    if (bytes->begin == bytes->end)
        bytes->begin = bytes->end = 0;
}

static void perform_buffer_open(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    const char *stream = peer_text(call, "stream");
    struct buffer made = {.fd = -1};
    made.capacity = (size_t)peer_number_or(call, "capacity", 1, MAXIMUM, DEFAULT_CAPACITY);
    if (call->outcome != OK)
        return;
    if (peer_has_handle(stream, "end of a ring")) {
        made.ring = peer_find_handle_named(call, stream, "end of a ring");
        if (made.ring->content != IPC_RING_BYTES)
            peer_invalid_request(call, "a ring of records is not a byte stream");
    } else {
        made.fd = peer_descriptor_named(call, stream);
    }
    if (call->outcome != OK)
        return;
    made.in = (struct bytes){.room = malloc(made.capacity), .capacity = made.capacity};
    made.out = (struct bytes){.room = malloc(made.capacity), .capacity = made.capacity};
    if (made.in.room && made.out.room) {
        PEER_REGISTER(handle, "buffer", made);
        return;
    }
    free(made.in.room);
    free(made.out.room);
    peer_fail_in(call, "malloc", ENOMEM);
}

/* Rejects a direction that this ring end does not support. */
static void check_direction(struct call *call, const struct buffer *buffer, enum ipc_ring_role role) {
    if (call->outcome == OK && buffer->ring && buffer->ring->role != role)
        peer_invalid_request(call, "%s is not for this end of a ring", call->operation);
}

/* Performs one read or write on the stream. */
static ssize_t transfer(const struct buffer *buffer, short event, unsigned char *bytes, size_t count,
                        const struct timeout *wait) {
    const bool reads = event == POLLIN;
    ssize_t result, moved = 0;
    peer_set_failed_call(NULL);
    if (!buffer->ring) {
        result = peer_transfer(buffer->fd, event, (struct iovec){bytes, count}, wait, &moved);
        if (result == -1)
            peer_set_default_failed_call(reads ? "read" : "write");
        /* If restoring the descriptor's flags failed, the next call reports the error. */
        return moved > 0 ? moved : result;
    }
    do
        result = reads ? ipc_ring_read(buffer->ring, bytes, count, peer_deadline(wait))
                       : ipc_ring_write(buffer->ring, bytes, count, peer_deadline(wait));
    while (peer_retry(wait, result));
    if (result == -1)
        peer_set_failed_call(reads ? "ring_read" : "ring_write");
    return result;
}

/* Reads once into the buffer. The buffer grows only if a request needs more than its capacity. Returns the
 * result of read(2). */
static ssize_t fill(struct buffer *buffer, size_t needed, const struct timeout *wait) {
    struct bytes *in = &buffer->in;
    if (in->begin > 0 && in->end == in->capacity) {
        memmove(in->room, in->room + in->begin, count_of(in));
        in->end -= in->begin;
        in->begin = 0;
    }
    if (in->end == in->capacity) {
        const size_t doubled = 2 * in->capacity, capacity = doubled < needed ? doubled : needed;
        unsigned char *room = realloc(in->room, capacity);
        if (!room)
            return peer_set_failed_call("realloc");
        in->room = room;
        in->capacity = capacity;
    }
    const ssize_t count = transfer(buffer, POLLIN, in->room + in->end, in->capacity - in->end, wait);
    if (count > 0)
        in->end += (size_t)count;
    return count;
}

static void reply_input(struct call *call, const struct buffer *buffer, size_t count, bool ended,
                        struct expectation expected) {
    peer_reply(call, "return", "%zu", count);
    peer_reply(call, "eof", "%s", ended ? "yes" : "no");
    peer_reply_payload(call, "buf", expected, buffer->in.room + buffer->in.begin, count);
}

/* Reads up to and including the delimiter or, if there is none, to the end of file. */
static void read_delimited(struct call *call, const void *delimiter, size_t length) {
    struct buffer *buffer = find_buffer(call);
    check_direction(call, buffer, IPC_RING_CONSUMER);
    const long long capacity = call->outcome == OK ? (long long)buffer->capacity : 1;
    const size_t max = (size_t)peer_number_or(call, "max", 1, MAXIMUM, capacity);
    const struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    const struct bytes *in = &buffer->in;
    size_t searched = 0, count = 0;
    bool ended = false;
    while (count == 0 && !ended) {
        const unsigned char *begin = in->room + in->begin;
        const size_t available = count_of(in);
        const unsigned char *found = memmem(begin + searched, available - searched, delimiter, length);
        count = found ? (size_t)(found - begin) + length : 0;
        /* A last line of `max` bytes without a delimiter is allowed. */
        if (count > max || (!found && available > max)) {
            peer_fail(call, EMSGSIZE);
            return;
        }
        searched = available < length ? 0 : available - length + 1;
        const ssize_t result = found ? 1 : fill(buffer, max + 1, &wait);
        if (result == -1) {
            peer_fail(call, errno);
            return;
        }
        ended = result == 0;
    }
    if (ended)
        count = count_of(in);
    reply_input(call, buffer, count, ended, (struct expectation){0});
    consume(&buffer->in, count);
}

static void perform_read_line(struct call *call) {
    read_delimited(call, "\n", 1);
}

static void perform_read_until(struct call *call) {
    const struct field *delimiter = peer_field(call, "delimiter");
    if (!delimiter || delimiter->length == 0 || delimiter->length > MAXIMUM_DELIMITER)
        peer_invalid_request(call, "a delimiter has 1 to %d bytes", MAXIMUM_DELIMITER);
    else
        read_delimited(call, delimiter->value, delimiter->length);
}

/* Waits until `count` bytes are in the buffer, or for end of file. */
static void read_counted(struct call *call, bool consumes) {
    struct buffer *buffer = find_buffer(call);
    check_direction(call, buffer, IPC_RING_CONSUMER);
    size_t count = (size_t)peer_number(call, "count", 0, MAXIMUM);
    const struct expectation expected = peer_expectation(call);
    const struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    bool ended = false;
    while (count_of(&buffer->in) < count && !ended) {
        const ssize_t result = fill(buffer, count, &wait);
        if (result == -1) {
            peer_fail(call, errno);
            return;
        }
        ended = result == 0;
    }
    if (ended)
        count = count_of(&buffer->in);
    reply_input(call, buffer, count, ended, expected);
    if (consumes)
        consume(&buffer->in, count);
}

static void perform_read_exactly(struct call *call) {
    read_counted(call, true);
}

static void perform_peek_buffer(struct call *call) {
    read_counted(call, false);
}

/* Returns false, with errno, if bytes remain. */
static bool flush(struct buffer *buffer, const struct timeout *wait) {
    struct bytes *out = &buffer->out;
    while (count_of(out) > 0) {
        const ssize_t count = transfer(buffer, POLLOUT, out->room + out->begin, count_of(out), wait);
        if (count == -1)
            return false;
        consume(out, (size_t)count);
    }
    return true;
}

static void reply_output(struct call *call, const struct buffer *buffer, bool succeeded, size_t count) {
    if (!succeeded)
        peer_fail(call, errno);
    peer_reply(call, "return", "%zu", count);
    if (!succeeded)
        peer_reply(call, "pending", "%zu", count_of(&buffer->out));
}

static void perform_buffer_write(struct call *call) {
    struct buffer *buffer = find_buffer(call);
    check_direction(call, buffer, IPC_RING_PRODUCER);
    const struct payload sent = peer_payload(call, "buf", "count");
    const struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    struct bytes *out = &buffer->out;
    unsigned char *bytes = (unsigned char *)sent.bytes;
    size_t accepted = 0;
    bool succeeded = sent.length <= buffer->capacity - out->end || flush(buffer, &wait);
    /* A payload that would fill the whole buffer is written directly. */
    while (succeeded && sent.length >= buffer->capacity && accepted < sent.length) {
        const ssize_t count = transfer(buffer, POLLOUT, bytes + accepted, sent.length - accepted, &wait);
        succeeded = count != -1;
        accepted += succeeded ? (size_t)count : 0;
    }
    if (succeeded && accepted < sent.length) {
        memcpy(out->room + out->end, bytes, sent.length);
        out->end += sent.length;
        accepted = sent.length;
    }
    reply_output(call, buffer, succeeded, accepted);
}

static void perform_buffer_flush(struct call *call) {
    struct buffer *buffer = find_buffer(call);
    check_direction(call, buffer, IPC_RING_PRODUCER);
    const struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    const size_t before = count_of(&buffer->out);
    const bool succeeded = flush(buffer, &wait);
    reply_output(call, buffer, succeeded, before - count_of(&buffer->out));
}

/* Flushes without waiting, and closes the buffer in any case, as close(2) does. */
static void perform_buffer_close(struct call *call) {
    struct buffer *buffer = find_buffer(call);
    if (call->outcome != OK)
        return;
    const struct timeout at_once = {.deadline = peer_time_after(CLOCK_MONOTONIC, (struct timespec){0})};
    if (!flush(buffer, &at_once)) {
        peer_fail(call, errno == ETIMEDOUT ? EAGAIN : errno);
        peer_reply(call, "pending", "%zu", count_of(&buffer->out));
    }
    peer_reply(call, "unread", "%zu", count_of(&buffer->in));
    free(buffer->in.room);
    free(buffer->out.room);
    peer_release_handle(call);
}

const struct operation peer_buffered_operations[] = {
    {"buffer_open", "handle stream capacity", perform_buffer_open},
    {"buffer_close", "handle", perform_buffer_close},
    {"read_line", "handle max timeout eintr", perform_read_line},
    {"read_until", "handle delimiter max timeout eintr", perform_read_until},
    {"read_exactly", "handle count pattern offset timeout eintr", perform_read_exactly},
    {"peek_buffer", "handle count pattern offset timeout eintr", perform_peek_buffer},
    {"buffer_write", "handle buf count pattern offset timeout eintr", perform_buffer_write},
    {"buffer_flush", "handle timeout eintr", perform_buffer_flush},
    {0},
};
