/* Messages over a byte stream: a pipe, a FIFO, a stream socket, or read and write functions such as those of
 * ipc_ring.h. Copy this file; it needs only -D_GNU_SOURCE. docs/wire-formats.md of ipc-interop specifies the
 * format: a length of four bytes, least significant first, and then the message.
 *
 *     struct ipc_channel channel;
 *     ipc_channel_init(&channel, in, out, IPC_CHANNEL_LIMIT);
 *     if (ipc_channel_send(&channel, "hello", 5, NULL) == -1)
 *         err(1, "send");
 *     while ((result = ipc_channel_receive(&channel, buffer, &length, NULL)) == 1)
 *         handle(buffer, length);
 *     if (result == -1)
 *         err(1, "receive");
 *
 * A deadline is a CLOCK_MONOTONIC time for the whole message; NULL means no limit. On an O_NONBLOCK
 * descriptor, a call without a deadline that would block fails with EAGAIN.
 *
 * A call that fails with EINTR, ETIMEDOUT or EAGAIN keeps its position, which may be inside a message. Call
 * it again to continue: send with the same message, receive with the same buffer. A signal interrupts only a
 * wait in which no bytes were transferred.
 *
 * Ignore SIGPIPE, or a write to a broken pipe terminates the process; socket writes do not raise it. Each
 * direction of a stream may have only one user at a time.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE: this header calls Linux functions"
#endif

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { IPC_CHANNEL_HEADER = 4, IPC_CHANNEL_LIMIT = 1 << 20 };

/* Functions that replace a descriptor, with the results and errors of read(2) and write(2).
 * They fail with ETIMEDOUT after the deadline. They may fail with EOWNERDEAD, instead of reporting the
 * end of file, when the process at the other end died. For a ring:
 *
 *     static ssize_t get(void *ring, void *bytes, size_t count, const struct timespec *deadline) {
 *         return ipc_ring_read(ring, bytes, count, deadline);
 *     }
 *
 *     ipc_channel_init(&channel, -1, -1, IPC_CHANNEL_LIMIT);
 *     channel.functions = (struct ipc_channel_functions){.read = get, .in = &ring};
 */
struct ipc_channel_functions {
    ssize_t (*read)(void *in, void *bytes, size_t count, const struct timespec *deadline);
    ssize_t (*write)(void *out, const void *bytes, size_t count, const struct timespec *deadline);
    void *in, *out; /* owned by the caller */
};

struct ipc_channel {
    int in, out; /* owned by the caller, never closed here */
    struct ipc_channel_functions functions;
    uint32_t limit;
    bool out_is_socket;

    unsigned char header[IPC_CHANNEL_HEADER]; /* the header of the message being received */
    size_t received;                          /* bytes received so far, including the header */
    int in_error;                             /* the permanent error from receiving, or 0 */

    size_t length; /* the length of the message being sent */
    size_t sent;   /* bytes sent so far, including the header; 0 between messages */
    int out_error; /* the permanent error from sending, or 0 */
};

/* Initializes a channel over two descriptors, which may be the same one. Pass -1 for a direction that is
 * not used. `limit` is the maximum length of a message in both directions, at most INT32_MAX. */
static inline void ipc_channel_init(struct ipc_channel *channel, int in, int out, uint32_t limit) {
    int type;
    socklen_t size = sizeof type;
    *channel = (struct ipc_channel){.in = in, .out = out, .limit = limit};
    channel->out_is_socket = getsockopt(out, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

/* Waits until the descriptor is ready. Returns -1 with ETIMEDOUT if the deadline passes first. */
static inline int ipc_channel__wait(int fd, short events, const struct timespec *deadline) {
    struct pollfd entry = {.fd = fd, .events = events};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = {deadline->tv_sec - now.tv_sec, deadline->tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000;
    }
    /* After the deadline, the call still transfers what it can without blocking. */
    if (left.tv_sec < 0)
        left = (struct timespec){0};
    int ready = ppoll(&entry, 1, &left, NULL);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 ? 0 : -1;
}

/* Performs one write of the remaining bytes of a header and a message. */
static inline ssize_t ipc_channel__write(struct ipc_channel *channel, const unsigned char *header,
                                         const void *message, const struct timespec *deadline) {
    size_t of_header = channel->sent < IPC_CHANNEL_HEADER ? IPC_CHANNEL_HEADER - channel->sent : 0;
    size_t before = channel->sent + of_header - IPC_CHANNEL_HEADER; /* bytes of the message already sent */
    const struct ipc_channel_functions *by = &channel->functions;
    if (by->write && of_header > 0)
        return by->write(by->out, header + IPC_CHANNEL_HEADER - of_header, of_header, deadline);
    if (by->write)
        return by->write(by->out, (const char *)message + before, channel->length - before, deadline);
    struct iovec parts[2] = {{(void *)(header + IPC_CHANNEL_HEADER - of_header), of_header},
                             {(char *)message + before, channel->length - before}};
    if (deadline && ipc_channel__wait(channel->out, POLLOUT, deadline) == -1)
        return -1;
    if (channel->out_is_socket) {
        struct msghdr whole = {.msg_iov = parts, .msg_iovlen = 2};
        return sendmsg(channel->out, &whole, MSG_NOSIGNAL | (deadline ? MSG_DONTWAIT : 0));
    }
    /* A pipe that poll(2) reports as writable has space for PIPE_BUF bytes; a larger write could block. */
    if (deadline && parts[1].iov_len > PIPE_BUF - of_header)
        parts[1].iov_len = PIPE_BUF - of_header;
    return writev(channel->out, parts, 2);
}

/* Sends a message; returns 0, or -1 with errno.
 *
 *   EMSGSIZE   the message is longer than the limit; nothing was sent
 *   EALREADY   part of a message with a different length was sent: send that message again first
 *   EPIPE      the stream has no reader; permanent
 *   EOWNERDEAD the reader died (reported only by functions); permanent
 *
 * EINTR, ETIMEDOUT, EAGAIN: see above. In a pipe with several senders, a message of up to PIPE_BUF - 4 bytes
 * is written in one piece, possibly after its deadline.
 */
static inline int ipc_channel_send(struct ipc_channel *channel, const void *message, size_t length,
                                   const struct timespec *deadline) {
    const unsigned char header[IPC_CHANNEL_HEADER] = {(unsigned char)length, (unsigned char)(length >> 8),
                                                      (unsigned char)(length >> 16),
                                                      (unsigned char)(length >> 24)};
    if (channel->out_error || (channel->sent > 0 && length != channel->length) || length > channel->limit) {
        errno = channel->out_error ? channel->out_error : channel->sent > 0 ? EALREADY : EMSGSIZE;
        return -1;
    }
    channel->length = length;
    while (channel->sent < IPC_CHANNEL_HEADER + length) {
        ssize_t count = ipc_channel__write(channel, header, message, deadline);
        if (count == -1 && errno == EAGAIN && deadline)
            continue; /* another writer used the space */
        if (count == -1 && (errno == EPIPE || errno == EOWNERDEAD))
            channel->out_error = errno;
        if (count == -1)
            return -1;
        channel->sent += (size_t)count;
    }
    channel->sent = 0;
    return 0;
}

static inline ssize_t ipc_channel__read(struct ipc_channel *channel, void *to, size_t count,
                                        const struct timespec *deadline) {
    if (channel->functions.read)
        return channel->functions.read(channel->functions.in, to, count, deadline);
    if (deadline && ipc_channel__wait(channel->in, POLLIN, deadline) == -1)
        return -1;
    return read(channel->in, to, count);
}

/* Receives a message into a buffer of at least `limit` bytes. Returns 1 and the length, which may be 0; 0
 * at the end of the stream between messages; -1 with errno. These errors are permanent:
 *
 *   EMSGSIZE   the length in the header exceeds the limit: faulty sender, or the stream is not a channel
 *   EPROTO     the stream ended inside a message
 *   EOWNERDEAD the writer died (reported only by functions)
 *
 * EINTR, ETIMEDOUT, EAGAIN: see above.
 */
static inline int ipc_channel_receive(struct ipc_channel *channel, void *buffer, size_t *length,
                                      const struct timespec *deadline) {
    while (!channel->in_error) {
        const unsigned char *header = channel->header;
        unsigned char *to;
        size_t end = IPC_CHANNEL_HEADER;
        if (channel->received >= IPC_CHANNEL_HEADER) {
            uint32_t announced =
                header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
            if (announced > channel->limit) {
                channel->in_error = EMSGSIZE;
                break;
            }
            end += announced;
            if (channel->received == end) {
                channel->received = 0;
                *length = announced;
                return 1;
            }
            to = (unsigned char *)buffer + channel->received - IPC_CHANNEL_HEADER;
        } else {
            to = channel->header + channel->received;
        }
        ssize_t count = ipc_channel__read(channel, to, end - channel->received, deadline);
        if (count == -1 && errno == EOWNERDEAD)
            channel->in_error = EOWNERDEAD;
        if (count == -1 && errno == EAGAIN && deadline)
            continue; /* another reader consumed the bytes */
        if (count == -1)
            return -1;
        if (count == 0 && channel->received == 0)
            return 0;
        if (count == 0)
            channel->in_error = EPROTO;
        channel->received += (size_t)count;
    }
    errno = channel->in_error;
    return -1;
}

#endif
