/* Messages over byte streams, using ipc_channel.h. */
#include "channel.h"
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ipc_ring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct channel *peer_channel(struct call *call) {
    return peer_find_handle(call, "handle", "channel");
}

/* Opens both ends of a FIFO. The read end is opened first, without waiting for a writer, so opening the write
 * end does not have to wait for a reader. */
static int open_fifo(const char *path, int ends[2]) {
    if (mkfifo(path, 0600) == -1)
        return peer_set_failed_call("mkfifo");
    ends[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ends[1] = ends[0] == -1 ? -1 : open(path, O_WRONLY | O_CLOEXEC);
    if (ends[1] == -1)
        peer_set_failed_call("open");
    else if (fcntl(ends[0], F_SETFL, 0) == -1)
        peer_set_failed_call("fcntl");
    else if (unlink(path) == -1)
        peer_set_failed_call("unlink");
    else
        return 0;
    const int error = errno;
    unlink(path);
    for (int i = 0; i < 2; i++)
        if (ends[i] != -1)
            close(ends[i]);
    errno = error;
    return -1;
}

/* Opens a TCP connection from this machine to itself, at a port that the kernel chooses; both ends read and
 * write. No call blocks: the kernel completes the connection before it is accepted. It sets TCP_NODELAY,
 * because small messages should not wait for more data. */
static int open_tcp(int ends[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    ends[0] = -1;
    ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1 || ends[1] == -1)
        peer_set_failed_call("socket");
    else if (bind(listener, name, length) == -1)
        peer_set_failed_call("bind");
    else if (listen(listener, 1) == -1)
        peer_set_failed_call("listen");
    else if (getsockname(listener, name, &length) == -1)
        peer_set_failed_call("getsockname");
    else if (connect(ends[1], name, length) == -1)
        peer_set_failed_call("connect");
    else if ((ends[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
        peer_set_failed_call("accept4");
    else if (setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1 ||
             setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        peer_set_failed_call("setsockopt");
    else
        return close(listener);
    const int error = errno;
    close(listener);
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return -1;
}

static void perform_channel_stream(struct call *call) {
    enum { PIPE, FIFO, UNIX, TCP };
    static const struct symbol streams[] = {
        {"pipe", PIPE}, {"fifo", FIFO}, {"unix", UNIX}, {"tcp", TCP}, {0}};
    const char *reader = peer_new_handle(call, "reader");
    const char *writer = peer_new_handle(call, "writer");
    const int over = peer_symbol(call, "over", streams);
    const char *path = peer_text(call, "path");
    int ends[2], result;
    if (call->outcome != OK)
        return;
    if (over == PIPE)
        result = pipe2(ends, O_CLOEXEC) == -1 ? peer_set_failed_call("pipe2") : 0;
    else if (over == FIFO)
        result = open_fifo(path, ends);
    else if (over == TCP)
        result = open_tcp(ends);
    else
        result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1
                     ? peer_set_failed_call("socketpair")
                     : 0;
    if (result == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(reader, ends[0]);
    peer_register_descriptor(writer, ends[1]);
    peer_reply(call, "fd", "%d,%d", ends[0], ends[1]);
}

static ssize_t read_ring(void *ring, void *bytes, size_t count, const struct timespec *deadline) {
    return ipc_ring_read(ring, bytes, count, deadline);
}

static ssize_t write_ring(void *ring, const void *bytes, size_t count, const struct timespec *deadline) {
    return ipc_ring_write(ring, bytes, count, deadline);
}

/* Finds the end of a byte ring that a parameter names; NULL if the parameter is missing or names another
 * object. */
static struct ipc_ring *ring_of(struct call *call, const char *key, enum ipc_ring_role role) {
    const char *name = peer_has(call, key) ? peer_text(call, key) : NULL;
    if (!name || !peer_has_handle(name, "end of a ring"))
        return NULL;
    struct ipc_ring *ring = peer_find_handle_named(call, name, "end of a ring");
    if (ring->role != role || ring->content != IPC_RING_BYTES)
        peer_invalid_request(call, "a channel cannot %s this end of this ring", key);
    return ring;
}

static void perform_channel_open(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    struct ipc_ring *from = ring_of(call, "read", IPC_RING_CONSUMER);
    struct ipc_ring *to = ring_of(call, "write", IPC_RING_PRODUCER);
    const int in =
        peer_has(call, "read") && !from ? peer_descriptor_named(call, peer_text(call, "read")) : -1;
    const int out =
        peer_has(call, "write") && !to ? peer_descriptor_named(call, peer_text(call, "write")) : -1;
    const uint32_t limit = (uint32_t)peer_number_or(call, "limit", 0, 1 << 30, IPC_CHANNEL_LIMIT);
    if (!peer_has(call, "read") && !peer_has(call, "write"))
        peer_invalid_request(call, "a channel needs 'read' or 'write'");
    if (call->outcome != OK)
        return;
    /* Only the pages that messages use are allocated. */
    struct channel made = {.room = malloc((size_t)limit + 1)};
    if (!made.room) {
        peer_invalid_request(call, "there is no room for messages of %u bytes", limit);
        return;
    }
    ipc_channel_init(&made.stream, in, out, limit);
    made.stream.functions = (struct ipc_channel_functions){
        .read = from ? read_ring : NULL, .write = to ? write_ring : NULL, .in = from, .out = to};
    PEER_REGISTER(handle, "channel", made);
}

static void perform_channel_close(struct call *call) {
    struct channel *closed = peer_channel(call);
    if (call->outcome != OK)
        return;
    free(closed->room);
    peer_release_handle(call);
}

/* Returns the deadline of a call; NULL if it has none. */
static const struct timespec *deadline(struct call *call, struct timespec *time) {
    if (!peer_has(call, "timeout"))
        return NULL;
    *time = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "timeout"));
    return time;
}

/* These functions reject a direction that the channel does not support. */
bool peer_can_receive(struct call *call, const struct channel *channel) {
    if (call->outcome == OK && channel->stream.in == -1 && !channel->stream.functions.read)
        peer_invalid_request(call, "the channel has no 'read'");
    return call->outcome == OK;
}

bool peer_can_send(struct call *call, const struct channel *channel) {
    if (call->outcome == OK && channel->stream.out == -1 && !channel->stream.functions.write)
        peer_invalid_request(call, "the channel has no 'write'");
    return call->outcome == OK;
}

static void perform_channel_send(struct call *call) {
    struct channel *to = peer_channel(call);
    struct payload sent = peer_payload(call, "msg", "msg_len");
    const bool retry = peer_retries(call);
    struct timespec time;
    const struct timespec *end = deadline(call, &time);
    if (call->outcome != OK || !peer_can_send(call, to))
        return;
    int result;
    do
        result = ipc_channel_send(&to->stream, sent.bytes, sent.length, end);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_channel_receive(struct call *call) {
    struct channel *from = peer_channel(call);
    struct expectation expected = peer_expectation(call);
    const bool retry = peer_retries(call);
    struct timespec time;
    const struct timespec *end = deadline(call, &time);
    if (call->outcome != OK || !peer_can_receive(call, from))
        return;
    size_t length = 0;
    int result;
    do
        result = ipc_channel_receive(&from->stream, from->room, &length, end);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "eof", "%s", result == 0 ? "yes" : "no");
    peer_reply(call, "return", "%zu", length);
    peer_reply_payload(call, "msg", expected, from->room, length);
}

const struct operation peer_channel_operations[] = {
    {"channel_stream", "reader writer over path", perform_channel_stream},
    {"channel_open", "handle read write limit", perform_channel_open},
    {"channel_close", "handle", perform_channel_close},
    {"channel_send", "handle msg msg_len pattern offset timeout eintr", perform_channel_send},
    {"channel_receive", "handle pattern offset timeout eintr", perform_channel_receive},
    {0},
};
