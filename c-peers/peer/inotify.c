/* File and directory changes: inotify(7). */
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const struct symbol masks[] = {SYMBOL(IN_ACCESS),
                                      SYMBOL(IN_MODIFY),
                                      SYMBOL(IN_ATTRIB),
                                      SYMBOL(IN_CLOSE_WRITE),
                                      SYMBOL(IN_CLOSE_NOWRITE),
                                      SYMBOL(IN_OPEN),
                                      SYMBOL(IN_MOVED_FROM),
                                      SYMBOL(IN_MOVED_TO),
                                      SYMBOL(IN_CREATE),
                                      SYMBOL(IN_DELETE),
                                      SYMBOL(IN_DELETE_SELF),
                                      SYMBOL(IN_MOVE_SELF),
                                      SYMBOL(IN_UNMOUNT),
                                      SYMBOL(IN_Q_OVERFLOW),
                                      SYMBOL(IN_IGNORED),
                                      SYMBOL(IN_ISDIR),
                                      SYMBOL(IN_ONLYDIR),
                                      SYMBOL(IN_DONT_FOLLOW),
                                      SYMBOL(IN_MASK_ADD),
                                      SYMBOL(IN_MASK_CREATE),
                                      SYMBOL(IN_ONESHOT),
                                      SYMBOL(IN_EXCL_UNLINK),
                                      {0}};

/* Room for several events, and at least for one with the longest name. */
enum { ROOM = 1024 };

static void perform_inotify_init1(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IN_NONBLOCK), {0}};
    const char *handle = peer_new_handle(call, "handle");
    int wanted = peer_flags_or(call, "flags", known, 0);
    if (call->outcome != OK)
        return;
    int fd = inotify_init1(wanted | IN_CLOEXEC);
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

static void perform_inotify_add_watch(struct call *call) {
    int fd = peer_descriptor(call);
    const char *path = peer_text(call, "path");
    int mask = peer_flags(call, "mask", masks);
    if (call->outcome != OK)
        return;
    int watch = inotify_add_watch(fd, path, (uint32_t)mask);
    if (watch == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "wd", "%d", watch);
}

static void perform_inotify_rm_watch(struct call *call) {
    int fd = peer_descriptor(call);
    int watch = (int)peer_number(call, "wd", INT32_MIN, INT32_MAX);
    if (call->outcome == OK && inotify_rm_watch(fd, watch) == -1)
        peer_fail(call, errno);
}

/* Appends a text, after a comma if it is not the first one. */
static void list(char *texts, size_t size, bool first, const char *text) {
    if (!first)
        strlcat(texts, ",", size);
    strlcat(texts, text, size);
}

/* Returns 0 if the cookie is 0; otherwise the position, from 1, of the cookie among those of the response. */
static int move_number(uint32_t *cookies, int *moves, uint32_t cookie) {
    if (cookie == 0)
        return 0;
    for (int i = 0; i < *moves; i++)
        if (cookies[i] == cookie)
            return i + 1;
    cookies[*moves] = cookie;
    return ++*moves;
}

/* Reports the events from one read: each has a fixed part, and a name that is padded with NULs. */
static void reply_events(struct call *call, const unsigned char *bytes, size_t length) {
    char watches[512] = "", events[4096] = "", numbers[512] = "", names[ROOM] = "";
    uint32_t cookies[ROOM / sizeof(struct inotify_event)];
    int count = 0, moves = 0;
    for (size_t at = 0; at < length; count++) {
        struct inotify_event event;
        memcpy(&event, bytes + at, sizeof event);
        char watch[16], number[16], flags[128] = "";
        snprintf(watch, sizeof watch, "%d", event.wd);
        snprintf(number, sizeof number, "%d", move_number(cookies, &moves, event.cookie));
        peer_format_flags(flags, sizeof flags, event.mask, masks);
        list(watches, sizeof watches, count == 0, watch);
        list(events, sizeof events, count == 0, *flags == '|' ? flags + 1 : flags);
        list(numbers, sizeof numbers, count == 0, number);
        list(names, sizeof names, count == 0, event.len > 0 ? (const char *)bytes + at + sizeof event : "");
        at += sizeof event + event.len;
    }
    peer_reply(call, "return", "%d", count);
    peer_reply(call, "wd", "%s", watches);
    peer_reply(call, "mask", "%s", events);
    peer_reply(call, "cookie", "%s", numbers);
    peer_reply_bytes(call, "name", names, strlen(names));
}

static void perform_inotify_read(struct call *call) {
    int fd = peer_descriptor(call);
    struct timeout wait = peer_optional_timeout(call);
    unsigned char bytes[ROOM];
    if (call->outcome != OK)
        return;
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int ready = 1;
    while (!wait.never && (ready = ppoll(&entry, 1, peer_remaining(&wait), NULL)) == -1 && errno == EINTR &&
           wait.retry)
        ;
    if (ready < 1) {
        peer_fail_in(call, ready == 0 ? "read" : "ppoll", ready == 0 ? ETIMEDOUT : errno);
        return;
    }
    ssize_t length;
    do
        length = read(fd, bytes, sizeof bytes);
    while (length == -1 && errno == EINTR && wait.retry);
    if (length == -1)
        peer_fail_in(call, "read", errno);
    else
        reply_events(call, bytes, (size_t)length);
}

/* Reads until there are no more events, and reports the last one. */
static void perform_inotify_read_all(struct call *call) {
    int fd = peer_descriptor(call);
    if (call->outcome != OK)
        return;
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    struct inotify_event last = {0};
    unsigned char bytes[ROOM];
    char name[NAME_MAX + 1] = "", flags[128] = "";
    long long count = 0;
    for (;;) {
        int ready = ppoll(&entry, 1, &(struct timespec){0}, NULL);
        if (ready == 0)
            break;
        ssize_t length = ready == -1 ? -1 : read(fd, bytes, sizeof bytes);
        if (length == -1 && errno == EINTR)
            continue;
        if (length == -1) {
            peer_fail_in(call, ready == -1 ? "ppoll" : "read", errno);
            return;
        }
        for (size_t at = 0; at < (size_t)length; at += sizeof last + last.len, count++) {
            memcpy(&last, bytes + at, sizeof last);
            strlcpy(name, last.len > 0 ? (const char *)bytes + at + sizeof last : "", sizeof name);
        }
    }
    peer_format_flags(flags, sizeof flags, last.mask, masks);
    peer_reply(call, "return", "%lld", count);
    peer_reply(call, "wd", "%d", last.wd);
    peer_reply(call, "mask", "%s", *flags ? flags : "0");
    peer_reply_bytes(call, "name", name, strlen(name));
}

const struct operation peer_inotify_operations[] = {
    {"inotify_init1", "handle flags", perform_inotify_init1},
    {"inotify_add_watch", "handle path mask", perform_inotify_add_watch},
    {"inotify_rm_watch", "handle wd", perform_inotify_rm_watch},
    {"inotify_read", "handle timeout eintr", perform_inotify_read},
    {"inotify_read_all", "handle", perform_inotify_read_all},
    {0},
};
