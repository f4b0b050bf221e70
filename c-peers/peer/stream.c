/* Byte streams in tight loops: many bytes, many connections. */
#include "peer.h"
#include "socket.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 17 }; /* a multiple of 8, as the digest requires */

/* Returns the number of bytes, which is `length` unless the stream ended; -1, with errno, if a call
 * failed. */
static ssize_t receive_all(int fd, unsigned char *bytes, size_t length) {
    size_t received = 0;
    while (received < length) {
        ssize_t count = read(fd, bytes + received, length - received);
        if (count == -1)
            return -1;
        if (count == 0)
            break;
        received += (size_t)count;
    }
    return (ssize_t)received;
}

static bool send_all(int fd, const unsigned char *bytes, size_t length, uint64_t *sent) {
    for (size_t done = 0; done < length;) {
        ssize_t count = write(fd, bytes + done, length - done);
        if (count == -1)
            return false;
        done += (size_t)count;
        *sent += (uint64_t)count;
    }
    return true;
}

static void perform_source(struct call *call) {
    static unsigned char chunk[CHUNK];
    int fd = peer_descriptor(call);
    uint64_t pattern = peer_seed(call, "pattern"), sent = 0;
    uint64_t count = (uint64_t)peer_number(call, "count", 0, SSIZE_MAX);
    if (call->outcome != OK)
        return;
    while (sent < count && call->outcome == OK) {
        size_t length = count - sent < CHUNK ? (size_t)(count - sent) : CHUNK;
        peer_make_pattern(pattern, sent, chunk, length);
        if (!send_all(fd, chunk, length, &sent))
            peer_fail_in(call, "write", errno);
    }
    peer_reply(call, "return", "%llu", (unsigned long long)sent);
}

static void perform_sink(struct call *call) {
    static unsigned char chunk[CHUNK];
    int fd = peer_descriptor(call);
    uint64_t pattern = peer_seed(call, "pattern"), received = 0, difference = UINT64_MAX;
    uint64_t count = (uint64_t)peer_number_or(call, "count", 0, SSIZE_MAX, SSIZE_MAX);
    struct digest_state digesting = peer_new_digest;
    bool ended = false;
    if (call->outcome != OK)
        return;
    while (received < count && !ended) {
        size_t room = count - received < CHUNK ? (size_t)(count - received) : CHUNK;
        ssize_t length = receive_all(fd, chunk, room);
        if (length == -1) {
            peer_fail_in(call, "read", errno);
            return;
        }
        ended = (size_t)length < room;
        peer_digest_more(&digesting, chunk, (size_t)length);
        size_t same = peer_first_difference(pattern, received, chunk, (size_t)length);
        if (same < (size_t)length && difference == UINT64_MAX)
            difference = received + same;
        received += (uint64_t)length;
    }
    peer_reply(call, "return", "%llu", (unsigned long long)received);
    peer_reply(call, "eof", "%s", ended ? "yes" : "no");
    peer_reply(call, "digest", "%016llx", (unsigned long long)peer_digest_end(&digesting));
    if (difference == UINT64_MAX)
        peer_reply(call, "differs", "none");
    else
        peer_reply(call, "differs", "%llu", (unsigned long long)difference);
}

/* Serves one connection after another: echoes the received bytes until end of file. */
static void perform_accept_and_echo(struct call *call) {
    static unsigned char bytes[CHUNK];
    int fd = peer_descriptor(call);
    long long count = peer_number(call, "count", 0, LLONG_MAX), served = 0;
    if (call->outcome != OK)
        return;
    for (; served < count; served++) {
        uint64_t sent = 0;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection == -1) {
            peer_fail_in(call, "accept4", errno);
            break;
        }
        ssize_t length = receive_all(connection, bytes, sizeof bytes);
        if (length == -1)
            peer_fail_in(call, "read", errno);
        else if (!send_all(connection, bytes, (size_t)length, &sent))
            peer_fail_in(call, "write", errno);
        close(connection);
        if (call->outcome != OK)
            break;
    }
    peer_reply(call, "return", "%lld", served);
}

/* Sends 64 bytes that are unique to the connection, and expects them back. Returns false, with errno, if a
 * call fails. */
static bool exchange(const struct address *address, uint64_t number, bool *right) {
    unsigned char question[64], answer[sizeof question + 1];
    uint64_t sent = 0;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer_make_pattern(number, 0, question, sizeof question);
    ssize_t length = -1;
    if (fd == -1)
        peer_set_failed_call("socket");
    else if (connect(fd, &address->any, address->length) == -1)
        peer_set_failed_call("connect");
    else if (!send_all(fd, question, sizeof question, &sent))
        peer_set_failed_call("write");
    else if (shutdown(fd, SHUT_WR) == -1)
        peer_set_failed_call("shutdown");
    else if ((length = receive_all(fd, answer, sizeof answer)) == -1) /* one extra byte detects a surplus */
        peer_set_failed_call("read");
    *right = length == sizeof question && memcmp(question, answer, sizeof question) == 0;
    int error = errno;
    if (fd != -1)
        close(fd);
    errno = error;
    return length != -1;
}

static void perform_connect_and_ask(struct call *call) {
    const struct address to = peer_address(call);
    long long count = peer_number(call, "count", 0, LLONG_MAX), asked = 0, wrong = 0;
    if (call->outcome != OK)
        return;
    for (; asked < count; asked++) {
        bool right;
        if (!exchange(&to, (uint64_t)asked, &right)) {
            peer_fail(call, errno);
            break;
        }
        wrong += !right;
    }
    peer_reply(call, "return", "%lld", asked);
    peer_reply(call, "wrong", "%lld", wrong);
}

const struct operation peer_stream_operations[] = {
    {"source", "handle pattern count", perform_source},
    {"sink", "handle pattern count", perform_sink},
    {"accept_and_echo", "handle count", perform_accept_and_echo},
    {"connect_and_ask", "address port count", perform_connect_and_ask},
    {0},
};
