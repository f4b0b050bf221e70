#include "cipc_waiting.h"

#include "cipc_signal.h"
#include "portability.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert((int)CIPC_EPOLL_CTL_ADD == EPOLL_CTL_ADD && (int)CIPC_EPOLL_CTL_DEL == EPOLL_CTL_DEL &&
                   (int)CIPC_EPOLL_CTL_MOD == EPOLL_CTL_MOD,
               "EPOLL_CTL_*");
_Static_assert((int)CIPC_EPOLLONESHOT == (int)EPOLLONESHOT && (int)CIPC_EPOLLET == (int)EPOLLET,
               "EPOLLONESHOT, EPOLLET");
_Static_assert((int)EPOLLIN == POLLIN && (int)EPOLLPRI == POLLPRI && (int)EPOLLOUT == POLLOUT &&
                   (int)EPOLLERR == POLLERR && (int)EPOLLHUP == POLLHUP && (int)EPOLLRDHUP == POLLRDHUP,
               "poll(2) and epoll(7) have the same events");
_Static_assert((int)CIPC_EFD_SEMAPHORE == EFD_SEMAPHORE, "EFD_SEMAPHORE");

int cipc_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int cipc_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static struct timespec time_of(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

static int64_t nanoseconds_of(struct timespec time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

_Static_assert(sizeof(struct epoll_event) <= sizeof(struct cipc_epoll_event), "events are unpacked in place");

static int epoll_wait_with(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds,
                           const sigset_t *mask) {
    struct timespec time = time_of(nanoseconds);
    // glibc has had a function for this call only since 2021, and musl does not have one. The kernel's signal
    // sets contain 64 signals.
    int ready =
        (int)syscall(SYS_epoll_pwait2, epoll, events, count, nanoseconds < 0 ? NULL : &time, mask, 8UL);
    // Copy backward, so that no event is overwritten before it is copied.
    for (int i = ready - 1; i >= 0; i--) {
        struct epoll_event event;
        memcpy(&event, (const char *)events + (size_t)i * sizeof event, sizeof event);
        events[i] = (struct cipc_epoll_event){.data = event.data.u64, .events = event.events};
    }
    return ready;
}

int cipc_epoll_wait(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds) {
    return epoll_wait_with(epoll, events, count, nanoseconds, NULL);
}

int cipc_epoll_wait_masked(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds,
                           uint64_t mask) {
    const sigset_t set = cipc_sigset(mask);
    return epoll_wait_with(epoll, events, count, nanoseconds, &set);
}

int cipc_eventfd(uint32_t value, int flags) {
    return eventfd(value, flags | EFD_CLOEXEC);
}

intptr_t cipc_eventfd_read(int event, uint64_t *value) {
    return read(event, value, sizeof *value);
}

intptr_t cipc_eventfd_read_now(int event, uint64_t *value) {
    struct iovec part = {.iov_base = value, .iov_len = sizeof *value};
    return syscall(SYS_preadv2, event, &part, 1UL, -1L, -1L, (long)RWF_NOWAIT);
}

intptr_t cipc_eventfd_write(int event, uint64_t value) {
    return write(event, &value, sizeof value);
}

int cipc_is_anonymous_inode(int descriptor, const char *name) {
    char path[sizeof "/proc/self/fd/-2147483648"], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length == -1) {
        errno = errno == ENOENT ? EBADF : errno;
        return -1;
    }
    return strcmp(target, name) == 0;
}

int cipc_timerfd(int clock) {
    return timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK);
}

int cipc_timerfd_set(int timer, int absolute, int64_t first, int64_t interval) {
    struct itimerspec times = {.it_value = time_of(first), .it_interval = time_of(interval)};
    return timerfd_settime(timer, absolute ? TFD_TIMER_ABSTIME : 0, &times, NULL);
}

int cipc_timerfd_remaining(int timer, int64_t *remaining, int64_t *interval) {
    struct itimerspec times;
    int result = timerfd_gettime(timer, &times);
    if (result == 0) {
        *remaining = nanoseconds_of(times.it_value);
        *interval = nanoseconds_of(times.it_interval);
    }
    return result;
}

intptr_t cipc_timerfd_read(int timer, uint64_t *count) {
    return read(timer, count, sizeof *count);
}

int cipc_pidfd_open(int process, int nonblocking) {
    return (int)syscall(SYS_pidfd_open, process, nonblocking ? O_NONBLOCK : 0); // PIDFD_NONBLOCK
}

int cipc_pidfd_send_signal(int process, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, process, signal, NULL, 0);
}

int cipc_pidfd_getfd(int process, int descriptor) {
    return (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
}

int cipc_pidfd_reap(int process, int *exit_status, int *signal) {
    siginfo_t end = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)process, &end, WEXITED | WNOHANG) == -1)
        return -1;
    if (end.si_pid == 0)
        return 0;
    *exit_status = end.si_code == CLD_EXITED ? end.si_status : -1;
    *signal = end.si_code == CLD_EXITED ? 0 : end.si_status;
    return 1;
}

int cipc_pidfd_wait(int process, int changes, int now, int keeping, int *exit_status, int *signal) {
    siginfo_t change = {.si_pid = 0};
    const int options =
        (changes & CIPC_CHILD_ENDED ? WEXITED : 0) | (changes & CIPC_CHILD_STOPPED ? WSTOPPED : 0) |
        (changes & CIPC_CHILD_CONTINUED ? WCONTINUED : 0) | (now ? WNOHANG : 0) | (keeping ? WNOWAIT : 0);
    if (waitid(P_PIDFD, (id_t)process, &change, options) == -1)
        return -1;
    if (change.si_pid == 0)
        return 0;
    *exit_status = change.si_code == CLD_EXITED ? change.si_status : -1;
    *signal = change.si_code == CLD_EXITED ? 0 : change.si_status;
    return change.si_code == CLD_STOPPED     ? CIPC_CHILD_STOPPED
           : change.si_code == CLD_CONTINUED ? CIPC_CHILD_CONTINUED
                                             : CIPC_CHILD_ENDED;
}

int cipc_open_fdinfo(int descriptor) {
    char path[sizeof "/proc/self/fdinfo/-2147483648"];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
    int fdinfo = open(path, O_RDONLY | O_CLOEXEC);
    if (fdinfo == -1 && errno == ENOENT)
        errno = EBADF;
    return fdinfo;
}

int cipc_fdinfo_number(int fdinfo, const char *key, int *value) {
    char text[1024] = "\n";
    size_t length = 1;
    ssize_t count;
    while ((count = pread(fdinfo, text + length, sizeof text - 1 - length, (off_t)length - 1)) > 0)
        length += (size_t)count;
    if (count == -1)
        return -1;
    text[length] = '\0';
    const char *line = strstr(text, key);
    if (line == NULL)
        return 0;
    *value = atoi(line + strlen(key));
    return 1;
}
