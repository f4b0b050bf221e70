/* POSIX message queues. */
#include "notification.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>

_Static_assert(sizeof(mqd_t) == sizeof(int), "on Linux a queue is a descriptor: see handles.c");

static const struct symbol queue_flags[] = {SYMBOL(O_NONBLOCK), {0}};

static void perform_mq_open(struct call *call) {
    static const struct symbol known[] = {
        SYMBOL(O_RDONLY), SYMBOL(O_WRONLY),   SYMBOL(O_RDWR),    SYMBOL(O_CREAT),
        SYMBOL(O_EXCL),   SYMBOL(O_NONBLOCK), SYMBOL(O_CLOEXEC), {0}};
    const char *handle = peer_new_handle(call, "handle");
    const char *name = peer_text(call, "name");
    int oflag = peer_flags(call, "oflag", known) | O_CLOEXEC;
    mode_t mode = peer_mode_or(call, "mode", 0600);
    struct mq_attr attributes = {.mq_maxmsg = peer_long_or(call, "mq_maxmsg", 0),
                                 .mq_msgsize = peer_long_or(call, "mq_msgsize", 0)};
    if (peer_has(call, "mq_maxmsg") != peer_has(call, "mq_msgsize"))
        peer_invalid_request(call, "mq_maxmsg and mq_msgsize go together");
    if (call->outcome != OK)
        return;
    mqd_t queue = mq_open(name, oflag, mode, peer_has(call, "mq_maxmsg") ? &attributes : NULL);
    if (queue == (mqd_t)-1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, queue);
    peer_reply(call, "fd", "%d", queue);
}

static void perform_mq_close(struct call *call) {
    mqd_t queue = peer_descriptor(call);
    if (call->outcome != OK)
        return;
    peer_release_handle(call);
    if (mq_close(queue) == -1)
        peer_fail(call, errno);
}

static void perform_mq_unlink(struct call *call) {
    const char *name = peer_text(call, "name");
    if (call->outcome == OK && mq_unlink(name) == -1)
        peer_fail(call, errno);
}

/* The deadline of the mq_timed calls is measured against CLOCK_REALTIME. It does not change when the call is
 * repeated. */
static struct timespec deadline(struct call *call) {
    struct timespec end = peer_time_after(CLOCK_REALTIME, peer_seconds(call, "abs_timeout"));
    peer_replace_nanoseconds(call, &end);
    return end;
}

static void send_message(struct call *call, bool timed) {
    mqd_t queue = peer_descriptor(call);
    struct payload sent = peer_payload(call, "msg", "msg_len");
    unsigned priority = (unsigned)peer_number_or(call, "msg_prio", 0, UINT_MAX, 0);
    bool retry = peer_retries(call);
    struct timespec end = timed ? deadline(call) : (struct timespec){0};
    int result;
    if (call->outcome != OK)
        return;
    do
        result = timed ? mq_timedsend(queue, sent.bytes, sent.length, priority, &end)
                       : mq_send(queue, sent.bytes, sent.length, priority);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_mq_send(struct call *call) {
    send_message(call, false);
}

static void perform_mq_timedsend(struct call *call) {
    send_message(call, true);
}

/* mq_receive(3) needs a buffer for the queue's longest message. */
static size_t message_size(struct call *call, mqd_t queue) {
    struct mq_attr attributes = {0};
    if (call->outcome == OK && mq_getattr(queue, &attributes) == -1)
        peer_fail_in(call, "mq_getattr", errno);
    return (size_t)attributes.mq_msgsize;
}

static void receive_message(struct call *call, bool timed) {
    mqd_t queue = peer_descriptor(call);
    struct expectation expected = peer_expectation(call);
    bool retry = peer_retries(call);
    struct timespec end = timed ? deadline(call) : (struct timespec){0};
    size_t size = peer_has(call, "msg_len") ? (size_t)peer_number(call, "msg_len", 0, SSIZE_MAX)
                                            : message_size(call, queue);
    char *room = call->outcome == OK ? peer_scratch(call, size) : NULL;
    unsigned priority;
    ssize_t length;
    if (!room)
        return;
    do
        length = timed ? mq_timedreceive(queue, room, size, &priority, &end)
                       : mq_receive(queue, room, size, &priority);
    while (length == -1 && errno == EINTR && retry);
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply(call, "msg_prio", "%u", priority);
    peer_reply_payload(call, "msg", expected, room, (size_t)length);
}

static void perform_mq_receive(struct call *call) {
    receive_message(call, false);
}

static void perform_mq_timedreceive(struct call *call) {
    receive_message(call, true);
}

static void perform_mq_getattr(struct call *call) {
    mqd_t queue = peer_descriptor(call);
    struct mq_attr attributes;
    if (call->outcome != OK)
        return;
    if (mq_getattr(queue, &attributes) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply_flags(call, "mq_flags", attributes.mq_flags, queue_flags);
    peer_reply(call, "mq_maxmsg", "%ld", attributes.mq_maxmsg);
    peer_reply(call, "mq_msgsize", "%ld", attributes.mq_msgsize);
    peer_reply(call, "mq_curmsgs", "%ld", attributes.mq_curmsgs);
}

static void perform_mq_setattr(struct call *call) {
    mqd_t queue = peer_descriptor(call);
    struct mq_attr attributes = {.mq_flags = peer_flags(call, "mq_flags", queue_flags)}, previous;
    if (call->outcome != OK)
        return;
    if (mq_setattr(queue, &attributes, &previous) == -1)
        peer_fail(call, errno);
    else
        peer_reply_flags(call, "mq_flags", previous.mq_flags, queue_flags);
}

static void perform_mq_notify(struct call *call) {
    mqd_t queue = peer_descriptor(call);
    struct sigevent event;
    int way = peer_notification(call, -1, &event);
    if (call->outcome == OK && mq_notify(queue, way == -1 ? NULL : &event) == -1)
        peer_fail(call, errno);
}

const struct operation peer_posix_mq_operations[] = {
    {"mq_open", "handle name oflag mode mq_maxmsg mq_msgsize", perform_mq_open},
    {"mq_close", "handle", perform_mq_close},
    {"mq_unlink", "name", perform_mq_unlink},
    {"mq_send", "handle msg msg_len pattern offset msg_prio eintr", perform_mq_send},
    {"mq_timedsend", "handle msg msg_len pattern offset msg_prio abs_timeout tv_nsec eintr",
     perform_mq_timedsend},
    {"mq_receive", "handle msg_len pattern offset eintr", perform_mq_receive},
    {"mq_timedreceive", "handle msg_len pattern offset abs_timeout tv_nsec eintr", perform_mq_timedreceive},
    {"mq_getattr", "handle", perform_mq_getattr},
    {"mq_setattr", "handle mq_flags", perform_mq_setattr},
    {"mq_notify", "handle sigev_notify sigev_signo sigev_value", perform_mq_notify},
    {0},
};
