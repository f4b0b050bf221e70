/* Benchmark links that use streams and sockets in other ways: framed and buffered messages, descriptors, and
 * connections. */
#include "benchmark_loops.h"
#include "socket.h"

#include <ipc_channel.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct ipc_channel framed;
static void channel_open(struct call *call, struct benchmark *benchmark) {
    open_descriptors(call, benchmark);
    if (call->outcome == OK)
        ipc_channel_init(&framed, benchmark->from, benchmark->to, IPC_CHANNEL_LIMIT);
}
static int channel_send(struct benchmark *benchmark) {
    return ipc_channel_send(&framed, benchmark->message, benchmark->size, NULL);
}
static ssize_t channel_receive(struct benchmark *benchmark) {
    size_t length = benchmark->room;
    const int result = ipc_channel_receive(&framed, benchmark->message, &length, NULL);
    return result == 1 ? (ssize_t)length : result == 0 ? ended("channel_receive") : -1;
}
LOOPS(channel)

/* C library streams with 64 KiB buffers. If each message is answered, each message is flushed. */
static struct {
    FILE *to, *from;
    bool flushes;
    char rooms[2][65536];
} streams;

static FILE *open_stream(struct call *call, int fd, const char *mode, char *room) {
    const int copy = dup(fd);
    FILE *stream = copy == -1 ? NULL : fdopen(copy, mode);
    if (!stream) {
        peer_fail_in(call, copy == -1 ? "dup" : "fdopen", errno);
        close(copy);
    } else {
        setvbuf(stream, room, _IOFBF, sizeof streams.rooms[0]);
    }
    return stream;
}
static void buffered_open(struct call *call, struct benchmark *benchmark) {
    open_descriptors(call, benchmark);
    streams.to = streams.from = NULL;
    streams.flushes = sends(call) && receives(call);
    if (call->outcome == OK && sends(call))
        streams.to = open_stream(call, benchmark->to, "w", streams.rooms[0]);
    if (call->outcome == OK && receives(call))
        streams.from = open_stream(call, benchmark->from, "r", streams.rooms[1]);
}
static int buffered_send(struct benchmark *benchmark) {
    if (benchmark->size > 0 && fwrite(benchmark->message, benchmark->size, 1, streams.to) != 1)
        return failed("fwrite");
    return streams.flushes && fflush(streams.to) == EOF ? failed("fflush") : 0;
}
static ssize_t buffered_receive(struct benchmark *benchmark) {
    if (benchmark->size > 0 && fread(benchmark->message, benchmark->size, 1, streams.from) != 1)
        return feof(streams.from) ? ended("fread") : failed("fread");
    return (ssize_t)benchmark->size;
}
static int buffered_close(struct benchmark *benchmark) {
    (void)benchmark;
    if (streams.from)
        fclose(streams.from);
    return streams.to && fclose(streams.to) == EOF ? failed("fclose") : 0;
}
LOOPS(buffered)

/* A message with a descriptor: standard error, which every process has. */
union control {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
};
#define descriptor_open open_descriptors
static int descriptor_send(struct benchmark *benchmark) {
    const int passed = STDERR_FILENO;
    union control control = {0};
    struct iovec bytes = {benchmark->message, benchmark->size};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    return sendmsg(benchmark->to, &message, MSG_NOSIGNAL) == -1 ? failed("sendmsg") : 0;
}
static ssize_t descriptor_receive(struct benchmark *benchmark) {
    int passed;
    union control control = {0};
    struct iovec bytes = {benchmark->message, benchmark->room};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(benchmark->from, &message, MSG_CMSG_CLOEXEC);
    if (count <= 0)
        return count == 0 ? ended("recvmsg") : failed("recvmsg");
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) {
        errno = ENODATA;
        return failed("recvmsg");
    }
    memcpy(&passed, CMSG_DATA(header), sizeof passed);
    return close(passed) == -1 ? failed("close") : count;
}
LOOPS(descriptor)

/* Connections to a listening socket that both sides have open. The active side connects, and then waits for
 * the connection to end; the other side accepts a connection and closes it. */
static struct address listening;
static void connection_open(struct call *call, struct benchmark *benchmark) {
    open_descriptors(call, benchmark);
    if (call->outcome != OK)
        return;
    const int listener = sends(call) ? benchmark->to : benchmark->from;
    listening.length = sizeof listening - offsetof(struct address, any);
    if (getsockname(listener, &listening.any, &listening.length) == -1)
        peer_fail_in(call, "getsockname", errno);
}
static int close_connection(struct benchmark *benchmark) {
    const int closed = benchmark->connection;
    benchmark->connection = -1;
    return closed != -1 && close(closed) == -1 ? failed("close") : 0;
}
static int connection_connect(struct benchmark *benchmark) {
    if (close_connection(benchmark) == -1)
        return -1;
    benchmark->connection = socket(listening.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (benchmark->connection == -1)
        return failed("socket");
    return connect(benchmark->connection, &listening.any, listening.length) == -1 ? failed("connect") : 0;
}
static ssize_t connection_end(struct benchmark *benchmark) {
    char byte;
    ssize_t count = recv(benchmark->connection, &byte, 1, 0);
    if (count != 0) {
        if (count > 0)
            errno = EPROTO;
        return failed("recv");
    }
    return close_connection(benchmark);
}
static ssize_t connection_accept(struct benchmark *benchmark) {
    if (close_connection(benchmark) == -1)
        return -1;
    benchmark->connection = accept4(benchmark->from, NULL, NULL, SOCK_CLOEXEC);
    return benchmark->connection == -1 ? failed("accept4") : 0;
}
static int connection_ping_loop(struct benchmark *benchmark) {
    return ping_loop(benchmark, connection_connect, connection_end);
}
static int connection_pong_loop(struct benchmark *benchmark) {
    return pong_loop(benchmark, close_connection, connection_accept);
}
static int connection_send_loop(struct benchmark *benchmark) {
    return send_loop(benchmark, connection_connect);
}
static int connection_receive_loop(struct benchmark *benchmark) {
    return receive_loop(benchmark, connection_accept);
}

const struct link peer_socket_links[] = {
    LINK("channel", channel, true),
    CLOSING_LINK("buffered", buffered, true, buffered_close),
    LINK("descriptor", descriptor, true),
    CLOSING_LINK("connection", connection, false, close_connection),
    {0},
};
