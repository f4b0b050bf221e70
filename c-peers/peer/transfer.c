/* Reads and writes byte streams. */
#include "transfer.h"
#include "parts.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t transfer(int fd, short event, struct parts parts) {
    const struct iovec bytes = parts.count == 1 ? *parts.vectors : (struct iovec){0};
    if (parts.count != 1)
        return event == POLLIN ? readv(fd, parts.vectors, parts.count)
                               : writev(fd, parts.vectors, parts.count);
    return event == POLLIN ? read(fd, bytes.iov_base, bytes.iov_len)
                           : write(fd, bytes.iov_base, bytes.iov_len);
}

/* Performs one nonblocking read or write on any descriptor. Adds the number of bytes that were transferred
 * before a failure to *moved. */
static ssize_t attempt(int fd, short event, struct parts parts, ssize_t *moved) {
    ssize_t result = event == POLLIN ? preadv2(fd, parts.vectors, parts.count, -1, RWF_NOWAIT)
                                     : pwritev2(fd, parts.vectors, parts.count, -1, RWF_NOWAIT);
    if (result != -1 || errno != EOPNOTSUPP)
        return result;
    /* Before Linux 6.4, pipes do not support RWF_NOWAIT. Setting O_NONBLOCK affects every process that shares
     * the open file description, so this is only a fallback. */
    int status = fcntl(fd, F_GETFL);
    if (status == -1 || fcntl(fd, F_SETFL, status | O_NONBLOCK) == -1)
        return peer_set_failed_call("fcntl");
    result = transfer(fd, event, parts);
    int error = errno;
    if (fcntl(fd, F_SETFL, status) == -1) {
        *moved = result == -1 ? 0 : result;
        return peer_set_failed_call("fcntl");
    }
    errno = error;
    return result;
}

/* Repeats attempts, and waits for readiness between them, because another process may consume the bytes or
 * use the space first. */
static ssize_t transfer_with_timeout(int fd, short event, struct parts parts, const struct timeout *wait,
                                     ssize_t *moved) {
    for (;;) {
        peer_set_failed_call(NULL);
        ssize_t result = attempt(fd, event, parts, moved);
        if (result != -1 || *moved > 0 || (errno != EAGAIN && !(errno == EINTR && wait->retry)))
            return result;
        struct pollfd entry = {.fd = fd, .events = event};
        struct timespec left = peer_time_left(wait->deadline);
        int ready = ppoll(&entry, 1, &left, NULL);
        if (ready == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (ready == -1 && !(errno == EINTR && wait->retry))
            return peer_set_failed_call("poll");
    }
}

static ssize_t transfer_parts(int fd, short event, struct parts parts, const struct timeout *wait,
                              ssize_t *moved) {
    if (!wait->never)
        return transfer_with_timeout(fd, event, parts, wait, moved);
    ssize_t result;
    do
        result = transfer(fd, event, parts);
    while (peer_retry(wait, result));
    return result;
}

/* Performs one read(2) (POLLIN) or write(2) (POLLOUT). Adds the number of bytes that were transferred
 * before a failure to *moved. */
ssize_t peer_transfer(int fd, short event, struct iovec bytes, const struct timeout *wait, ssize_t *moved) {
    return transfer_parts(fd, event, (struct parts){&bytes, 1}, wait, moved);
}

static void perform_read(struct call *call) {
    int fd = peer_descriptor(call);
    size_t count = (size_t)peer_number(call, "count", 0, SSIZE_MAX);
    struct expectation expected = peer_expectation(call);
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    struct iovec room = {peer_scratch(call, count), count};
    if (!room.iov_base)
        return;
    ssize_t moved = 0;
    ssize_t length = peer_transfer(fd, POLLIN, room, &wait, &moved);
    if (length == -1) {
        peer_fail_after(call, errno, moved);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply_payload(call, "buf", expected, room.iov_base, (size_t)length);
}

static void perform_write(struct call *call) {
    int fd = peer_descriptor(call);
    struct payload sent = peer_payload_or_memory(call, "buf", "count");
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    struct iovec bytes = {(void *)sent.bytes, sent.length};
    ssize_t moved = 0;
    ssize_t length = peer_transfer(fd, POLLOUT, bytes, &wait, &moved);
    if (length == -1)
        peer_fail_after(call, errno, moved);
    else
        peer_reply(call, "return", "%zd", length);
}

/* Reads into any number of parts, in order. */
static void read_parts(struct call *call) {
    int fd = peer_descriptor(call);
    size_t count = (size_t)peer_number(call, "count", 0, 1 << 30);
    struct expectation expected = peer_expectation(call);
    struct timeout wait = peer_optional_timeout(call);
    void *room = call->outcome == OK ? peer_scratch(call, count) : NULL;
    if (!room)
        return;
    struct parts parts = peer_parts(call, room, count);
    ssize_t moved = 0, length = call->outcome == OK ? transfer_parts(fd, POLLIN, parts, &wait, &moved) : 0;
    if (length == -1)
        peer_fail_after(call, errno, moved);
    if (call->outcome != OK)
        return;
    peer_reply(call, "return", "%zd", length);
    peer_reply_payload(call, "buf", expected, room, (size_t)length);
}

/* Writes any number of parts with one call. */
static void write_parts(struct call *call) {
    int fd = peer_descriptor(call);
    struct payload sent = peer_payload(call, "buf", "count");
    struct timeout wait = peer_optional_timeout(call);
    if (call->outcome != OK)
        return;
    struct parts parts = peer_parts(call, (void *)sent.bytes, sent.length);
    ssize_t moved = 0, length = call->outcome == OK ? transfer_parts(fd, POLLOUT, parts, &wait, &moved) : 0;
    if (length == -1)
        peer_fail_after(call, errno, moved);
    else if (call->outcome == OK)
        peer_reply(call, "return", "%zd", length);
}

/* Whether a request has `parts`. Rejects `parts` together with `first`, and a timeout without `parts`. */
static bool has_parts(struct call *call) {
    if (peer_has(call, "parts") ? peer_has(call, "first") : peer_has(call, "timeout"))
        peer_invalid_request(call,
                             "a request has either 'parts' or 'first', and 'timeout' only with 'parts'");
    return peer_has(call, "parts");
}

/* Reads into two parts; the first one is filled first. */
static void perform_readv(struct call *call) {
    if (has_parts(call)) {
        read_parts(call);
        return;
    }
    int fd = peer_descriptor(call);
    size_t first = (size_t)peer_number(call, "first", 0, 1 << 30);
    size_t count = (size_t)peer_number(call, "count", 0, 1 << 30);
    struct expectation expected = peer_expectation(call);
    bool retry = peer_retries(call);
    if (call->outcome != OK)
        return;
    unsigned char *room = peer_scratch(call, first + count);
    if (!room)
        return;
    const struct iovec parts[] = {{room, first}, {room + first, count}};
    ssize_t length;
    while ((length = readv(fd, parts, 2)) == -1 && errno == EINTR && retry)
        ;
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    const size_t filled = (size_t)length < first ? (size_t)length : first;
    peer_reply(call, "return", "%zd", length);
    peer_reply_bytes(call, "first", room, filled);
    peer_reply_payload(call, "buf", expected, room + first, (size_t)length - filled);
}

/* Writes two parts, such as a header and a body, with one call. */
static void perform_writev(struct call *call) {
    if (has_parts(call)) {
        write_parts(call);
        return;
    }
    int fd = peer_descriptor(call);
    const struct field *first = peer_field(call, "first");
    if (!first)
        peer_invalid_request(call, "'first' is missing");
    struct payload sent = peer_payload(call, "buf", "count");
    bool retry = peer_retries(call);
    if (call->outcome != OK)
        return;
    const struct iovec parts[] = {{first->value, first->length}, {(void *)sent.bytes, sent.length}};
    ssize_t length;
    while ((length = writev(fd, parts, 2)) == -1 && errno == EINTR && retry)
        ;
    if (length == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%zd", length);
}

/* Reads `count` bytes or, without `count`, to the end of file. The buffer then grows as necessary. */
static void perform_read_all(struct call *call) {
    int fd = peer_descriptor(call);
    bool counted = peer_has(call, "count"), ended = false;
    size_t room = (size_t)peer_number_or(call, "count", 0, SSIZE_MAX, LINE_SIZE), length = 0;
    struct expectation expected = peer_expectation(call);
    if (call->outcome != OK)
        return;
    unsigned char *bytes;
    while ((bytes = peer_scratch(call, room)) && !ended) {
        if (length == room && counted)
            break;
        if (length == room) {
            room *= 2;
            continue;
        }
        ssize_t count = read(fd, bytes + length, room - length);
        if (count == -1) {
            peer_fail_in(call, "read", errno);
            return;
        }
        ended = count == 0;
        length += (size_t)count;
    }
    if (!bytes)
        return;
    peer_reply(call, "return", "%zu", length);
    peer_reply(call, "eof", "%s", ended ? "yes" : "no");
    peer_reply_payload(call, "buf", expected, bytes, length);
}

static void perform_write_all(struct call *call) {
    int fd = peer_descriptor(call);
    struct payload sent = peer_payload(call, "buf", "count");
    size_t written = 0;
    if (call->outcome != OK)
        return;
    while (written < sent.length) {
        ssize_t count = write(fd, (const unsigned char *)sent.bytes + written, sent.length - written);
        if (count == -1) {
            peer_fail_in(call, "write", errno);
            break;
        }
        written += (size_t)count;
    }
    peer_reply(call, "return", "%zu", written);
}

const struct operation peer_transfer_operations[] = {
    {"read", "handle count pattern offset timeout eintr", perform_read},
    {"write", "handle buf count pattern offset memory at timeout eintr", perform_write},
    {"readv", "handle first parts count pattern offset timeout eintr", perform_readv},
    {"writev", "handle first parts buf count pattern offset timeout eintr", perform_writev},
    {"read_all", "handle count pattern offset", perform_read_all},
    {"write_all", "handle buf count pattern offset", perform_write_all},
    {0},
};
