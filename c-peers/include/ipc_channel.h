/* Messages over a stream of bytes: a pipe, a FIFO, a stream socket, or functions that read and write, such as
 * those of ipc_ring.h. Copy this file; it needs nothing else but -D_GNU_SOURCE. docs/wire-formats.md of
 * ipc-interop has the format: four bytes of length, least significant first, then so many bytes.
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
 * A deadline is a time of CLOCK_MONOTONIC, one for the whole message; NULL waits for ever. On a descriptor
 * that is O_NONBLOCK, and without a deadline, a call that would wait fails with EAGAIN.
 *
 * A call that fails with EINTR, ETIMEDOUT or EAGAIN keeps its place: the next one goes on, in the middle of
 * the message if need be. To send goes on with the same message, to receive with the same buffer. A signal
 * ends only a wait in which nothing was moved.
 *
 * Ignore SIGPIPE, or a pipe that nobody reads ends the process; sockets are told not to raise it. Each
 * direction of a stream has one user at a time.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

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

/* What reads or writes instead of a descriptor, with the results and errors of read(2) and write(2); after
 * the deadline it fails with ETIMEDOUT. It may fail with EOWNERDEAD, when the process at the other end died:
 * that is no end of the stream. For a ring:
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
    void *in, *out; /* the caller's */
};

struct ipc_channel {
    int in, out; /* the caller's: they are not closed here */
    struct ipc_channel_functions functions;
    uint32_t limit;
    bool out_is_socket;

    unsigned char header[IPC_CHANNEL_HEADER]; /* of the message on its way in */
    size_t received;                          /* how much of it has come, with its header */
    int in_error;                             /* why no more can be received, or 0 */

    size_t length; /* of the message on its way out */
    size_t sent;   /* how much of it has gone, with its header; 0 between messages */
    int out_error; /* why no more can be sent, or 0 */
};

/* Makes a channel of two descriptors, which may be the same one; -1 for a direction that there is not. No
 * message has more than `limit` bytes, in either direction; it is at most INT32_MAX. */
static inline void ipc_channel_init(struct ipc_channel *channel, int in, int out, uint32_t limit) {
    int type;
    socklen_t size = sizeof type;
    *channel = (struct ipc_channel){.in = in, .out = out, .limit = limit};
    channel->out_is_socket = getsockopt(out, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

/* Waits until the descriptor is ready; -1 with ETIMEDOUT when the deadline comes first. */
static inline int ipc_channel_wait(int fd, short events, const struct timespec *deadline) {
    struct pollfd entry = {.fd = fd, .events = events};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = {deadline->tv_sec - now.tv_sec, deadline->tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000;
    }
    /* What need not wait is done even when the deadline is over. */
    if (left.tv_sec < 0)
        left = (struct timespec){0};
    int ready = ppoll(&entry, 1, &left, NULL);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 ? 0 : -1;
}

/* One write of what has not gone yet of a header and a message. */
static inline ssize_t ipc_channel_write(struct ipc_channel *channel, const unsigned char *header,
                                        const void *message, const struct timespec *deadline) {
    size_t of_header = channel->sent < IPC_CHANNEL_HEADER ? IPC_CHANNEL_HEADER - channel->sent : 0;
    size_t before = channel->sent + of_header - IPC_CHANNEL_HEADER; /* of the message, what has gone */
    const struct ipc_channel_functions *by = &channel->functions;
    if (by->write && of_header > 0)
        return by->write(by->out, header + IPC_CHANNEL_HEADER - of_header, of_header, deadline);
    if (by->write)
        return by->write(by->out, (const char *)message + before, channel->length - before, deadline);
    struct iovec parts[2] = {{(void *)(header + IPC_CHANNEL_HEADER - of_header), of_header},
                             {(char *)message + before, channel->length - before}};
    if (deadline && ipc_channel_wait(channel->out, POLLOUT, deadline) == -1)
        return -1;
    if (channel->out_is_socket) {
        struct msghdr whole = {.msg_iov = parts, .msg_iovlen = 2};
        return sendmsg(channel->out, &whole, MSG_NOSIGNAL | (deadline ? MSG_DONTWAIT : 0));
    }
    /* A pipe that poll(2) finds ready has room for PIPE_BUF bytes; a write of more would wait. */
    if (deadline && parts[1].iov_len > PIPE_BUF - of_header)
        parts[1].iov_len = PIPE_BUF - of_header;
    return writev(channel->out, parts, 2);
}

/* Sends a message; 0, or -1 with errno.
 *
 *   EMSGSIZE   it is above the limit: nothing was sent
 *   EALREADY   another one, of another length, has gone in part: send that one again first
 *   EPIPE      nobody reads, now and from now on
 *   EOWNERDEAD who reads has died, as functions alone can tell; now and from now on
 *
 * EINTR, ETIMEDOUT, EAGAIN: see above. Into a pipe that others send into as well, a message of up to
 * PIPE_BUF - 4 bytes goes whole, though perhaps later than its deadline. */
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
        ssize_t count = ipc_channel_write(channel, header, message, deadline);
        if (count == -1 && errno == EAGAIN && deadline)
            continue; /* somebody else took the room */
        if (count == -1 && (errno == EPIPE || errno == EOWNERDEAD))
            channel->out_error = errno;
        if (count == -1)
            return -1;
        channel->sent += (size_t)count;
    }
    channel->sent = 0;
    return 0;
}

static inline ssize_t ipc_channel_read(struct ipc_channel *channel, void *to, size_t count,
                                       const struct timespec *deadline) {
    if (channel->functions.read)
        return channel->functions.read(channel->functions.in, to, count, deadline);
    if (deadline && ipc_channel_wait(channel->in, POLLIN, deadline) == -1)
        return -1;
    return read(channel->in, to, count);
}

/* Receives a message into a buffer that has room for `limit` bytes: 1, with its length, which may be 0; 0
 * when the other side has ended between messages; -1 with errno.
 *
 *   EMSGSIZE   a message above the limit is announced: a lie, or no channel. Nothing more can be received
 *   EPROTO     the stream has ended within a message. Nothing more can be received
 *   EOWNERDEAD who writes has died, as functions alone can tell. Nothing more can be received
 *
 * EINTR, ETIMEDOUT, EAGAIN: see above. */
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
        ssize_t count = ipc_channel_read(channel, to, end - channel->received, deadline);
        if (count == -1 && errno == EOWNERDEAD)
            channel->in_error = EOWNERDEAD;
        if (count == -1 && errno == EAGAIN && deadline)
            continue; /* somebody else took the bytes */
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
