/* Waits for a thousand descriptors in one call. Opening a thousand handles would take a thousand requests. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST = 1024 };

/* Fills an array with `count` duplicates of one descriptor, except for one element, which is the handle's
 * descriptor. */
static bool duplicate(struct call *call, int idle, int *duplicates, int count) {
    for (int i = 0; i < count; i++) {
        duplicates[i] = fcntl(idle, F_DUPFD_CLOEXEC, 0);
        if (duplicates[i] == -1) {
            peer_fail_in(call, "fcntl", errno);
            while (i-- > 0)
                close(duplicates[i]);
            return false;
        }
    }
    return true;
}

static int poll_all(const int *descriptors, int count, struct timeout *wait, int *at) {
    static struct pollfd entries[MOST];
    for (int i = 0; i < count; i++)
        entries[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    int ready = ppoll(entries, (nfds_t)count, peer_remaining(wait), NULL);
    if (ready == -1)
        return peer_set_failed_call("ppoll");
    for (int i = 0; i < count; i++)
        if (entries[i].revents != 0)
            *at = i;
    return ready;
}

static int epoll_all(const int *descriptors, int count, struct timeout *wait, int *at) {
    static struct epoll_event events[MOST];
    int epoll = epoll_create1(EPOLL_CLOEXEC), ready = epoll == -1 ? peer_set_failed_call("epoll_create1") : 0;
    for (int i = 0; i < count && ready == 0; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptors[i], &event) == -1)
            ready = peer_set_failed_call("epoll_ctl");
    }
    if (ready == 0 && (ready = epoll_pwait2(epoll, events, MOST, peer_remaining(wait), NULL)) == -1)
        peer_set_failed_call("epoll_pwait2");
    if (ready > 0)
        *at = (int)events[0].data.u32;
    int error = errno;
    if (epoll != -1)
        close(epoll);
    errno = error;
    return ready;
}

static void wait_for_many(struct call *call,
                          int (*wait_for)(const int *descriptors, int count, struct timeout *, int *at)) {
    static int descriptors[MOST];
    int awaited = peer_descriptor(call), idle = peer_descriptor_named(call, peer_text(call, "idle"));
    int count = (int)peer_number(call, "count", 1, MOST), place = (int)peer_number(call, "at", 0, MOST - 1),
        at = -1;
    struct timeout wait = peer_timeout(call);
    if (place >= count)
        peer_invalid_request(call, "'at' is not below 'count'");
    if (call->outcome != OK || !duplicate(call, idle, descriptors, count))
        return;
    int spare = descriptors[place];
    descriptors[place] = awaited;
    int ready = wait_for(descriptors, count, &wait, &at);
    if (ready == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%d", ready);
    if (ready > 0)
        peer_reply(call, "at", "%d", at);
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

const struct operation peer_many_operations[] = {
    {"poll_many", "handle idle count at timeout", perform_poll_many},
    {"epoll_many", "handle idle count at timeout", perform_epoll_many},
    {0},
};
