/* Messages over streams of bytes, by ipc_channel.h. */
#include "peer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Both ends of a FIFO. The reading one is opened first, and does not wait for a writer; once it is there, the
 * writing one need not wait for a reader. */
static int open_fifo(const char *path, int ends[2]) {
    if (mkfifo(path, 0600) == -1)
        return blame("mkfifo");
    ends[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ends[1] = ends[0] == -1 ? -1 : open(path, O_WRONLY | O_CLOEXEC);
    if (ends[1] == -1)
        blame("open");
    else if (fcntl(ends[0], F_SETFL, 0) == -1)
        blame("fcntl");
    else if (unlink(path) == -1)
        blame("unlink");
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

static void perform_channel_stream(struct call *call) {
    enum { PIPE, FIFO, UNIX };
    static const struct symbol streams[] = {{"pipe", PIPE}, {"fifo", FIFO}, {"unix", UNIX}, {0}};
    const char *reader = new_handle(call, "reader");
    const char *writer = new_handle(call, "writer");
    const int over = one_of(call, "over", streams);
    const char *path = text(call, "path");
    int ends[2], result;
    if (strcmp(reader, writer) == 0)
        refuse(call, "reader and writer are two handles");
    if (call->outcome != OK)
        return;
    if (over == PIPE)
        result = pipe2(ends, O_CLOEXEC) == -1 ? blame("pipe2") : 0;
    else if (over == FIFO)
        result = open_fifo(path, ends);
    else
        result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1 ? blame("socketpair") : 0;
    if (result == -1) {
        fail(call, errno);
        return;
    }
    hold_descriptor(reader, ends[0]);
    hold_descriptor(writer, ends[1]);
    answer(call, "fd", "%d,%d", ends[0], ends[1]);
}

static void perform_channel_open(struct call *call) {
    const char *handle = new_handle(call, "handle");
    const int in = has(call, "read") ? named_descriptor(call, text(call, "read")) : -1;
    const int out = has(call, "write") ? named_descriptor(call, text(call, "write")) : -1;
    const uint32_t limit = (uint32_t)number_or(call, "limit", 0, 1 << 30, IPC_CHANNEL_LIMIT);
    if (!has(call, "read") && !has(call, "write"))
        refuse(call, "a channel reads, or writes, or both");
    struct channel *made = call->outcome == OK ? malloc(sizeof *made) : NULL;
    if (!made)
        return;
    /* The kernel gives pages to those bytes alone that arrive. */
    made->room = malloc((size_t)limit + 1);
    if (!made->room) {
        refuse(call, "there is no room for messages of %u bytes", limit);
        free(made);
        return;
    }
    ipc_channel_init(&made->stream, in, out, limit);
    hold_channel(handle, made);
}

static void perform_channel_close(struct call *call) {
    struct channel *closed = channel(call);
    if (call->outcome != OK)
        return;
    release(call);
    free(closed->room);
    free(closed);
}

/* The time until which a call waits; NULL when that is for ever. */
static const struct timespec *deadline(struct call *call, struct timespec *time) {
    if (!has(call, "timeout"))
        return NULL;
    *time = time_after(CLOCK_MONOTONIC, seconds(call, "timeout"));
    return time;
}

/* Refuses what the channel has no descriptor for. */
bool has_direction(struct call *call, int fd, const char *what) {
    if (call->outcome == OK && fd == -1)
        refuse(call, "the channel has no '%s'", what);
    return call->outcome == OK;
}

static void perform_channel_send(struct call *call) {
    struct channel *to = channel(call);
    struct payload sent = payload(call, "msg", "msg_len");
    const bool retry = retries(call);
    struct timespec time;
    const struct timespec *end = deadline(call, &time);
    if (call->outcome != OK || !has_direction(call, to->stream.out, "write"))
        return;
    int result;
    do
        result = ipc_channel_send(&to->stream, sent.bytes, sent.length, end);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        fail(call, errno);
}

static void perform_channel_receive(struct call *call) {
    struct channel *from = channel(call);
    struct expectation expected = expectation(call);
    const bool retry = retries(call);
    struct timespec time;
    const struct timespec *end = deadline(call, &time);
    if (call->outcome != OK || !has_direction(call, from->stream.in, "read"))
        return;
    size_t length = 0;
    int result;
    do
        result = ipc_channel_receive(&from->stream, from->room, &length, end);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "eof", "%s", result == 0 ? "yes" : "no");
    answer(call, "return", "%zu", length);
    answer_payload(call, "msg", expected, from->room, length);
}

const struct operation channel_operations[] = {
    {"channel_stream", "reader writer over path", perform_channel_stream},
    {"channel_open", "handle read write limit", perform_channel_open},
    {"channel_close", "handle", perform_channel_close},
    {"channel_send", "handle msg msg_len pattern offset timeout eintr", perform_channel_send},
    {"channel_receive", "handle pattern offset timeout eintr", perform_channel_receive},
    {0},
};
