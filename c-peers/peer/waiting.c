/* Waits for several descriptors: poll(2) and epoll(7). */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { MOST = 1024 };

static const struct symbol poll_events[] = {
    SYMBOL(POLLIN),  SYMBOL(POLLPRI),   SYMBOL(POLLOUT),  SYMBOL(POLLERR),
    SYMBOL(POLLHUP), SYMBOL(POLLRDHUP), SYMBOL(POLLNVAL), {0}};
static const struct symbol epoll_events[] = {SYMBOL(EPOLLIN),  SYMBOL(EPOLLPRI),     SYMBOL(EPOLLOUT),
                                             SYMBOL(EPOLLERR), SYMBOL(EPOLLHUP),     SYMBOL(EPOLLRDHUP),
                                             SYMBOL(EPOLLET),  SYMBOL(EPOLLONESHOT), {0}};

/* Removes the next name from a comma-separated list. */
static bool next_name(const char **list, char *name, size_t size) {
    if (!**list)
        return false;
    size_t length = strcspn(*list, ",");
    strlcpy(name, *list, length < size ? length + 1 : size);
    *list += length + ((*list)[length] == ',');
    return true;
}

/* Reads the descriptors: a single one by its handle or number, or several by their handles. All descriptors
 * have the same events, or each has separate events. */
static size_t polled(struct call *call, struct pollfd *entries) {
    char name[128], word[128];
    size_t count = 0;
    if (peer_has(call, "fd")) {
        entries[count++].fd = (int)peer_number(call, "fd", -1, INT32_MAX);
    } else if (peer_has(call, "handles")) {
        for (const char *list = peer_text(call, "handles"); next_name(&list, name, sizeof name);) {
            if (count == MOST) {
                peer_invalid_request(call, "at most %d handles", MOST);
                return 0;
            }
            entries[count++].fd = peer_descriptor_named(call, name);
        }
    } else {
        entries[count++].fd = peer_descriptor(call);
    }
    const char *events = peer_text(call, "events");
    const bool same = !strchr(events, ',');
    for (size_t i = 0; i < count; i++) {
        const char *rest = events;
        int wanted = 0;
        if (!next_name(&rest, word, sizeof word))
            peer_invalid_request(call, "there are more handles than events");
        else if (!peer_parse_flags(word, poll_events, &wanted))
            peer_invalid_request(call, "events=%.64s: no such flag", word);
        entries[i].events = (short)wanted;
        if (!same)
            events = rest;
    }
    if (!same && *events)
        peer_invalid_request(call, "there are more events than handles");
    return count;
}

/* The signal mask during the wait; NULL to leave it unchanged. */
static const sigset_t *optional_mask(struct call *call, sigset_t *set) {
    if (!peer_has(call, "sigmask"))
        return NULL;
    *set = peer_signal_set(call, "sigmask");
    return set;
}

static void perform_poll(struct call *call) {
    static struct pollfd entries[MOST];
    size_t count = polled(call, entries);
    struct timeout wait = peer_timeout(call);
    sigset_t set;
    const sigset_t *mask = optional_mask(call, &set);
    if (call->outcome != OK)
        return;
    int ready;
    do { /* ppoll(2) has the same resolution as timeouts in the contract */
        const struct timespec *left = peer_remaining(&wait);
        peer_replace_nanoseconds(call, &wait.left);
        ready = ppoll(entries, count, left, mask);
    } while (peer_retry(&wait, ready));
    if (ready == -1) {
        peer_fail(call, errno);
        return;
    }
    static char list[LINE_SIZE / 2];
    *list = '\0';
    for (size_t i = 0; i < count; i++) {
        char spelt[128] = "";
        peer_format_flags(spelt, sizeof spelt, entries[i].revents, poll_events);
        strlcat(list, i > 0 ? "," : "", sizeof list);
        strlcat(list, *spelt ? spelt : "0", sizeof list);
    }
    peer_reply(call, "return", "%d", ready);
    peer_reply_bytes(call, "revents", list, strlen(list));
}

static void perform_epoll_create1(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    if (call->outcome != OK)
        return;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

static void perform_epoll_ctl(struct call *call) {
    static const struct symbol operations[] = {
        SYMBOL(EPOLL_CTL_ADD), SYMBOL(EPOLL_CTL_MOD), SYMBOL(EPOLL_CTL_DEL), {0}};
    int epoll = peer_descriptor(call);
    int operation = peer_symbol(call, "op", operations);
    int target = peer_descriptor_named(call, peer_text(call, "target"));
    struct epoll_event event = {.events = (uint32_t)peer_flags_or(call, "events", epoll_events, 0)};
    event.data.u64 = peer_has(call, "data") ? peer_seed(call, "data") : 0;
    if (call->outcome == OK && epoll_ctl(epoll, operation, target, &event) == -1)
        peer_fail(call, errno);
}

static int by_data(const void *left, const void *right) {
    const struct epoll_event *a = left, *b = right;
    return (a->data.u64 > b->data.u64) - (a->data.u64 < b->data.u64);
}

static void perform_epoll_wait(struct call *call) {
    static struct epoll_event events[MOST];
    int epoll = peer_descriptor(call);
    int most = (int)peer_number_or(call, "maxevents", INT32_MIN, MOST, 64);
    struct timeout wait = peer_timeout(call);
    sigset_t set;
    const sigset_t *mask = optional_mask(call, &set);
    if (call->outcome != OK)
        return;
    int ready;
    do
        ready = epoll_pwait2(epoll, events, most, peer_remaining(&wait), mask);
    while (peer_retry(&wait, ready));
    if (ready == -1) {
        peer_fail(call, errno);
        return;
    }
    /* The kernel does not guarantee an order. */
    qsort(events, (size_t)ready, sizeof *events, by_data);
    static char data[LINE_SIZE / 4], list[LINE_SIZE / 2];
    *data = *list = '\0';
    for (int i = 0; i < ready; i++) {
        char number[32], spelt[128] = "";
        snprintf(number, sizeof number, "%s%llu", i > 0 ? "," : "", (unsigned long long)events[i].data.u64);
        peer_format_flags(spelt, sizeof spelt, events[i].events, epoll_events);
        strlcat(data, number, sizeof data);
        strlcat(list, i > 0 ? "," : "", sizeof list);
        strlcat(list, spelt, sizeof list);
    }
    peer_reply(call, "return", "%d", ready);
    if (ready > 0) {
        peer_reply_bytes(call, "data", data, strlen(data));
        peer_reply_bytes(call, "events", list, strlen(list));
    }
}

const struct operation peer_waiting_operations[] = {
    {"poll", "handle handles fd events timeout tv_nsec sigmask eintr", perform_poll},
    {"epoll_create1", "handle", perform_epoll_create1},
    {"epoll_ctl", "handle op target events data", perform_epoll_ctl},
    {"epoll_wait", "handle maxevents timeout sigmask eintr", perform_epoll_wait},
    {0},
};
