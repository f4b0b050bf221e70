/* poll(2) and epoll(7), and event descriptors. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>

WRAPPED(epoll_ctl);
WRAPPED(epoll_pwait2);
WRAPPED(eventfd);
WRAPPED(fcntl);
WRAPPED(pidfd_open);
WRAPPED(ppoll);
WRAPPED(pidfd_getfd);
WRAPPED(posix_spawnattr_setflags);
WRAPPED(inotify_add_watch);
WRAPPED(inotify_init1);
WRAPPED(inotify_rm_watch);
WRAPPED(timerfd_create);
WRAPPED(timerfd_settime);

int __wrap_ppoll(struct pollfd *entries, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    /* A timeout of 0 means no limit, as in some libraries. */
    if (timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0 && mutant("poll-zero-means-no-limit"))
        timeout = NULL;
    struct timespec changed;
    /* The peer waits for at least five seconds. */
    if (timeout && timeout->tv_sec == 0 && mutant("poll-waits-five-seconds")) {
        changed = (struct timespec){5, 0};
        timeout = &changed;
    }
    /* A wait with a timeout makes the descriptors nonblocking, even for the processes that share them. */
    for (nfds_t i = 0; timeout && i < count && mutant("polled-made-nonblocking"); i++)
        __real_fcntl(entries[i].fd, F_SETFL, __real_fcntl(entries[i].fd, F_GETFL) | O_NONBLOCK);
    /* poll(2) takes its timeout as an int of milliseconds. */
    struct timespec rounded;
    if (timeout && mutant("poll-timeout-in-milliseconds")) {
        const unsigned milliseconds = (unsigned)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000);
        rounded = (struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L};
        timeout = &rounded;
    }
    /* select(2) does not support descriptors above 1023. */
    for (nfds_t i = 0; i < count; i++)
        if (entries[i].fd >= FD_SETSIZE && mutant("poll-by-select"))
            entries[i].fd = -1;
    /* The peer sets the mask itself, so a signal can arrive just before the wait. */
    if (mask && mutant("wait-mask-set-before")) {
        sigset_t before;
        sigprocmask(SIG_SETMASK, mask, &before);
        int result = __real_ppoll(entries, count, timeout, NULL);
        int error = errno;
        sigprocmask(SIG_SETMASK, &before, NULL);
        errno = error;
        return result;
    }
    /* The peer checks every millisecond instead of sleeping until the event. */
    int result = 0;
    if ((!timeout || timeout->tv_sec > 1) && mutant("polls-in-turns"))
        while ((result = __real_ppoll(entries, count, &(struct timespec){.tv_nsec = 1000000}, mask)) == 0)
            continue;
    else
        result = __real_ppoll(entries, count, timeout, mask);
    if (result == 0 && (mutant("timeout-of-every-wait") || mutant("channel-deadline-of-every-attempt")) &&
        signals_come()) {
        errno = EINTR;
        return -1;
    }
    /* The peer checks for a hang-up first, and then ignores all other events. */
    for (nfds_t i = 0; i < count; i++)
        if (entries[i].revents & POLLHUP && mutant("poll-hang-up-alone"))
            entries[i].revents = POLLHUP;
    /* The peer checks only requested events, although poll(2) also reports POLLHUP without a request. */
    if (result == 1 && mutant("poll-masks-unrequested-events"))
        entries->revents &= entries->events;
    return result;
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    struct epoll_event asked = *event;
    /* The peer passes only events that poll(2) supports. */
    if (mutant("one-shot-lost"))
        asked.events &= ~(uint32_t)EPOLLONESHOT;
    if (mutant("edge-trigger-lost"))
        asked.events &= ~(uint32_t)EPOLLET;
    /* The peer uses the 32-bit member of the union. */
    if (mutant("epoll-data-of-32-bits"))
        asked.data.u64 = asked.data.u32;
    return __real_epoll_ctl(epoll, operation, fd, &asked);
}

int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
                        const sigset_t *mask) {
    /* epoll_wait(2) takes milliseconds; the peer passes seconds. */
    struct timespec longer;
    if (timeout && timeout->tv_nsec > 0 && mutant("epoll-timeout-in-seconds")) {
        longer = (struct timespec){.tv_sec = timeout->tv_nsec / 1000000};
        timeout = &longer;
    }
    /* epoll_wait(2) takes its timeout as an int of milliseconds. */
    if (timeout && mutant("epoll-timeout-in-milliseconds")) {
        const unsigned milliseconds = (unsigned)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000);
        longer = (struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L};
        timeout = &longer;
    }
    int ready = __real_epoll_pwait2(epoll, events, most, timeout, mask);
    while (ready == -1 && errno == EINTR && mutant("epoll-hides-interruption"))
        ready = __real_epoll_pwait2(epoll, events, most, timeout, mask);
    /* The peer reports a hang-up only if it was requested, like an ordinary event. */
    for (int i = 0; i < ready; i++)
        if (mutant("epoll-masks-hang-up"))
            events[i].events &= ~(uint32_t)EPOLLHUP;
    /* The peer checks for a hang-up first, and then ignores all other events. */
    for (int i = 0; i < ready; i++)
        if (events[i].events & EPOLLHUP && mutant("epoll-hang-up-alone"))
            events[i].events = EPOLLHUP;
    return ready;
}

int __wrap_eventfd(unsigned value, int flags) {
    /* The peer drops EFD_SEMAPHORE, so a semaphore becomes a counter. */
    if (mutant("eventfd-semaphore-lost"))
        flags &= ~EFD_SEMAPHORE;
    return __real_eventfd(value, flags);
}

int __wrap_timerfd_create(int clock, int flags) {
    /* The peer uses the same clock for every timer. */
    if (mutant("timer-clock-ignored"))
        clock = CLOCK_MONOTONIC;
    return __real_timerfd_create(clock, flags);
}

int __wrap_pidfd_getfd(int process, int target, unsigned flags) {
    int fd = __real_pidfd_getfd(process, target, flags);
    if (fd != -1 && mutant("duplicate-of-process-inherited"))
        __real_fcntl(fd, F_SETFD, 0);
    return fd;
}

int __wrap_posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags) {
    /* The child inherits the signals that the peer ignores. */
    if (mutant("child-ignores-signals"))
        flags &= ~POSIX_SPAWN_SETSIGDEF;
    return __real_posix_spawnattr_setflags(attributes, flags);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *times, struct itimerspec *before) {
    struct itimerspec other = *times;
    /* The peer treats an absolute time as a relative one. */
    if (mutant("timer-always-relative"))
        flags &= ~TFD_TIMER_ABSTIME;
    /* The peer carries nanoseconds that are out of range into the seconds. */
    if (other.it_value.tv_nsec >= 1000000000 && mutant("timer-nanoseconds-carried")) {
        other.it_value.tv_sec += other.it_value.tv_nsec / 1000000000;
        other.it_value.tv_nsec %= 1000000000;
    }
    if (mutant("timer-of-32-bits")) {
        other.it_value.tv_sec = (uint32_t)other.it_value.tv_sec;
        other.it_interval.tv_sec = (uint32_t)other.it_interval.tv_sec;
    }
    return __real_timerfd_settime(fd, flags, &other, before);
}

int __wrap_pidfd_open(pid_t process, unsigned flags) {
    /* The peer treats an exited process's ID as free before the process is reaped. */
    char path[64], status[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = mutant("zombie-treated-as-gone") ? fopen(path, "re") : NULL;
    if (file) {
        size_t length = fread(status, 1, sizeof status - 1, file);
        status[length] = '\0';
        fclose(file);
    }
    if (strstr(status, ") Z")) {
        errno = ESRCH;
        return -1;
    }
    return __real_pidfd_open(process, flags);
}

int __wrap_inotify_init1(int flags) {
    /* inotify_init(2) has no flags. */
    if (mutant("changes-inherited"))
        flags &= ~IN_CLOEXEC;
    return __real_inotify_init1(flags);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask) {
    /* The peer waits for every change, even those that were not requested. */
    if (mask != 0 && mutant("watch-for-everything"))
        mask |= IN_ALL_EVENTS;
    /* The peer adds the events to an existing watch instead of replacing its events. */
    if (mask != 0 && mutant("watch-never-replaced"))
        mask |= IN_MASK_ADD;
    if (mutant("existing-watch-taken"))
        mask &= ~(uint32_t)IN_MASK_CREATE;
    if (mutant("watch-always-follows"))
        mask &= ~(uint32_t)IN_DONT_FOLLOW;
    if (mutant("unlinked-not-excluded"))
        mask &= ~(uint32_t)IN_EXCL_UNLINK;
    return __real_inotify_add_watch(fd, path, mask);
}

int __wrap_inotify_rm_watch(int fd, int watch) {
    /* The peer forgets the watch without removing it. */
    if (mutant("watch-kept"))
        return 0;
    return __real_inotify_rm_watch(fd, watch);
}
