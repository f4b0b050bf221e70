/* Sends and receives through sockets. */
#include "peer.h"
#include "socket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

/* The timeout of a socket call is a socket option; once it has passed, the call fails with EAGAIN. A call
 * with MSG_DONTWAIT has no timeout: it must not wait, and its EAGAIN is the response. */
struct socket_wait peer_socket_wait(struct call *call, int option, int flags) {
    struct socket_wait wait = {.option = option, .retry = peer_retries(call)};
    struct timespec span = peer_has(call, "timeout") ? peer_seconds(call, "timeout") : (struct timespec){0};
    wait.timed = peer_has(call, "timeout") && !(flags & MSG_DONTWAIT);
    if (wait.timed)
        wait.deadline = peer_time_after(CLOCK_MONOTONIC, span);
    return wait;
}

static bool set_timeout(const struct socket_wait *wait, int fd, struct timespec time) {
    struct timeval value = {.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return setsockopt(fd, SOL_SOCKET, wait->option, &value, sizeof value) == 0;
}

/* Sets the timeout. Returns false, with errno, if that fails. In that case the call is not made, because it
 * could block forever. */
bool peer_begin_socket_wait(struct socket_wait *wait, int fd) {
    struct timespec left = peer_time_left(wait->deadline);
    if (left.tv_sec == 0 && left.tv_nsec < 1000)
        left.tv_nsec = 1000; /* 0 would mean no timeout */
    wait->begun = !wait->timed || set_timeout(wait, fd, left);
    peer_set_failed_call(wait->begun ? NULL : "setsockopt");
    return wait->begun;
}

/* Whether a failed call must be repeated, because its timeout has not passed. The kernel counts in ticks: it
 * treats a signal within the last tick as the timeout, and signals that arrive more often than ticks would
 * interrupt the wait forever. */
static bool has_time_left(const struct socket_wait *wait, int fd, int *error) {
    const bool connecting = *error == EINPROGRESS || *error == EALREADY; /* only connect(2) fails with
                                                                          * these */
    struct timespec left = peer_time_left(wait->deadline);
    if (*error == EINTR && !wait->retry)
        return false;
    if (left.tv_sec == 0 && left.tv_nsec == 0) {
        *error = ETIMEDOUT;
        return false;
    }
    struct pollfd entry = {.fd = fd, .events = wait->option == SO_RCVTIMEO ? POLLIN : POLLOUT};
    if (*error == EINTR || connecting || ppoll(&entry, 1, &left, NULL) != -1 ||
        (errno == EINTR && wait->retry))
        return true;
    *error = errno;
    peer_set_failed_call("poll");
    return false;
}

/* Returns whether to repeat the call, whose result is *result. If the socket's timeout cannot be reset,
 * *result becomes a failure, and `moved` keeps the number of bytes. */
bool peer_end_socket_wait(struct socket_wait *wait, int fd, ssize_t *result) {
    int error = errno;
    bool again = *result == -1 && error == EINTR && wait->retry;
    if (wait->timed && wait->begun) {
        if (*result == -1 && (error == EAGAIN || error == EINPROGRESS || error == EALREADY || error == EINTR))
            again = has_time_left(wait, fd, &error);
        if (!set_timeout(wait, fd, (struct timespec){0})) {
            error = errno;
            wait->moved = *result == -1 ? 0 : *result;
            *result = peer_set_failed_call("setsockopt");
            again = false;
        }
    }
    errno = error;
    return again;
}

static const struct symbol send_flags[] = {SYMBOL(MSG_DONTWAIT), SYMBOL(MSG_MORE), {0}};
static const struct symbol receive_flags[] = {
    SYMBOL(MSG_DONTWAIT), SYMBOL(MSG_PEEK), SYMBOL(MSG_TRUNC), SYMBOL(MSG_WAITALL), {0}};

static void send_bytes(struct call *call, bool addressed) {
    int fd = peer_descriptor(call);
    struct payload sent =
        addressed ? peer_payload(call, "buf", "len") : peer_payload_or_memory(call, "buf", "len");
    struct address to = addressed ? peer_address(call) : (struct address){0};
    int wanted = peer_flags_or(call, "flags", send_flags, 0);
    struct socket_wait wait = peer_socket_wait(call, SO_SNDTIMEO, wanted);
    ssize_t length;
    if (call->outcome != OK)
        return;
    do {
        length = peer_begin_socket_wait(&wait, fd)
                     ? sendto(fd, sent.bytes, sent.length, wanted | MSG_NOSIGNAL, addressed ? &to.any : NULL,
                              to.length)
                     : -1;
    } while (peer_end_socket_wait(&wait, fd, &length));
    if (length == -1)
        peer_fail_after(call, errno, wait.moved);
    else
        peer_reply(call, "return", "%zd", length);
}

static void perform_send(struct call *call) {
    send_bytes(call, false);
}

static void perform_sendto(struct call *call) {
    send_bytes(call, true);
}

static void receive_bytes(struct call *call, bool addressed) {
    int fd = peer_descriptor(call);
    size_t size = (size_t)peer_number(call, "len", 0, SSIZE_MAX);
    struct expectation expected = peer_expectation(call);
    int wanted = peer_flags_or(call, "flags", receive_flags, 0);
    struct socket_wait wait = peer_socket_wait(call, SO_RCVTIMEO, wanted);
    if (wanted & MSG_WAITALL && wanted & (MSG_PEEK | MSG_TRUNC))
        peer_invalid_request(call, "MSG_WAITALL goes with MSG_DONTWAIT only");
    char *room = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!room)
        return;
    struct address from;
    ssize_t length;
    do {
        from.length = sizeof from.un;
        length = peer_begin_socket_wait(&wait, fd)
                     ? recvfrom(fd, room, size, wanted, addressed ? &from.any : NULL, &from.length)
                     : -1;
    } while (peer_end_socket_wait(&wait, fd, &length));
    if (length == -1) {
        peer_fail_after(call, errno, wait.moved);
        return;
    }
    peer_reply(call, "return", "%zd", length); /* the full length if MSG_TRUNC is set */
    if (addressed)
        peer_reply_address(call, &from);
    peer_reply_payload(call, "buf", expected, room, (size_t)length < size ? (size_t)length : size);
}

static void perform_recv(struct call *call) {
    receive_bytes(call, false);
}

static void perform_recvfrom(struct call *call) {
    receive_bytes(call, true);
}

const struct operation peer_message_operations[] = {
    {"send", "handle buf len pattern offset memory at flags timeout eintr", perform_send},
    {"sendto", "handle path abstract address port buf len pattern offset flags timeout eintr",
     perform_sendto},
    {"recv", "handle len pattern offset flags timeout eintr", perform_recv},
    {"recvfrom", "handle len pattern offset flags timeout eintr", perform_recvfrom},
    {0},
};
