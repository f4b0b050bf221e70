/* Waiting for a thousand descriptors in one call, which as handles would be as many requests. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST = 1024 };

/* Duplicates of one descriptor, `count` in all with that of the handle at one place of them: many in one
 * wait. */
static bool duplicate(struct call *call, int idle, int *duplicates, int count) {
    for (int i = 0; i < count; i++) {
        duplicates[i] = fcntl(idle, F_DUPFD_CLOEXEC, 0);
        if (duplicates[i] == -1) {
            fail_in(call, "fcntl", errno);
            while (i-- > 0)
                close(duplicates[i]);
            return false;
        }
    }
    return true;
}

static int poll_all(const int *descriptors, int count, struct patience *wait, int *at) {
    static struct pollfd entries[MOST];
    for (int i = 0; i < count; i++)
        entries[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    int ready = ppoll(entries, (nfds_t)count, wait_left(wait), NULL);
    if (ready == -1)
        return blame("ppoll");
    for (int i = 0; i < count; i++)
        if (entries[i].revents != 0)
            *at = i;
    return ready;
}

static int epoll_all(const int *descriptors, int count, struct patience *wait, int *at) {
    static struct epoll_event events[MOST];
    int epoll = epoll_create1(EPOLL_CLOEXEC), ready = epoll == -1 ? blame("epoll_create1") : 0;
    for (int i = 0; i < count && ready == 0; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptors[i], &event) == -1)
            ready = blame("epoll_ctl");
    }
    if (ready == 0 && (ready = epoll_pwait2(epoll, events, MOST, wait_left(wait), NULL)) == -1)
        blame("epoll_pwait2");
    if (ready > 0)
        *at = (int)events[0].data.u32;
    int error = errno;
    if (epoll != -1)
        close(epoll);
    errno = error;
    return ready;
}

static void wait_for_many(struct call *call,
                          int (*wait_for)(const int *descriptors, int count, struct patience *, int *at)) {
    static int descriptors[MOST];
    int awaited = descriptor(call), idle = named_descriptor(call, text(call, "idle"));
    int count = (int)number(call, "count", 1, MOST), place = (int)number(call, "at", 0, MOST - 1), at = -1;
    struct patience wait = wait_of(call);
    if (place >= count)
        refuse(call, "'at' is not below 'count'");
    if (call->outcome != OK || !duplicate(call, idle, descriptors, count))
        return;
    int spare = descriptors[place];
    descriptors[place] = awaited;
    int ready = wait_for(descriptors, count, &wait, &at);
    if (ready == -1)
        fail(call, errno);
    else
        answer(call, "return", "%d", ready);
    if (ready > 0)
        answer(call, "at", "%d", at);
    descriptors[place] = spare;
    for (int i = 0; i < count; i++)
        close(descriptors[i]);
}

static void perform_poll_many(struct call *call) {
    wait_for_many(call, poll_all);
}

static void perform_epoll_many(struct call *call) {
    wait_for_many(call, epoll_all);
}

const struct operation many_operations[] = {
    {"poll_many", "handle idle count at timeout", perform_poll_many},
    {"epoll_many", "handle idle count at timeout", perform_epoll_many},
    {0},
};
