// Functions for epoll(7), eventfd(2), timerfd_create(2) and pidfd_open(2), whose headers are not part of
// Swift's import of the C library. Each function returns the same result as the C function that it is named
// after, and sets errno in the same way.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Calls epoll_create1(2) with EPOLL_CLOEXEC.
int cipc_epoll_create(void);

enum { CIPC_EPOLL_CTL_ADD = 1, CIPC_EPOLL_CTL_DEL = 2, CIPC_EPOLL_CTL_MOD = 3 };
enum { CIPC_EPOLLONESHOT = 1 << 30, CIPC_EPOLLET = 1 << 31 };

/// Mirrors struct epoll_event without packing, although the struct is packed on x86-64.
struct cipc_epoll_event {
    uint64_t data;
    uint32_t events;
};
int cipc_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t data);
/// Calls epoll_pwait2(2). `nanoseconds` is the timeout; a negative value means no limit.
int cipc_epoll_wait(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds);
/// Calls epoll_pwait2(2) with a signal mask for the duration of the wait. Bit n - 1 of `mask` is signal n.
int cipc_epoll_wait_masked(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds,
                           uint64_t mask);

enum { CIPC_EFD_SEMAPHORE = 1 };
/// Calls eventfd(2) with EFD_CLOEXEC.
int cipc_eventfd(uint32_t value, int flags);
/// Reads the value with read(2).
intptr_t cipc_eventfd_read(int event, uint64_t *value);
/// Reads the value with preadv2(2) and RWF_NOWAIT.
intptr_t cipc_eventfd_read_now(int event, uint64_t *value);
/// Writes a value with write(2).
intptr_t cipc_eventfd_write(int event, uint64_t value);

/// Returns 1 if a descriptor's link in /proc/self/fd is `name`, such as "anon_inode:[eventfd]", and 0 if it
/// is not; -1 if the descriptor is not open.
int cipc_is_anonymous_inode(int descriptor, const char *name);

/// Calls timerfd_create(2) with TFD_CLOEXEC and TFD_NONBLOCK.
int cipc_timerfd(int clock);
/// Calls timerfd_settime(2) with times in nanoseconds. If `absolute` is not 0, `first` is a time on the
/// timer's clock; otherwise, it is relative to the current time. 0 disarms the timer.
int cipc_timerfd_set(int timer, int absolute, int64_t first, int64_t interval);
/// Calls timerfd_gettime(2).
int cipc_timerfd_remaining(int timer, int64_t *remaining, int64_t *interval);
/// Reads the number of expirations with read(2).
intptr_t cipc_timerfd_read(int timer, uint64_t *count);

/// Calls pidfd_open(2). The descriptor is always close-on-exec. With `nonblocking`, waitid(2) does not wait.
int cipc_pidfd_open(int process, int nonblocking);
/// Calls pidfd_send_signal(2) without a siginfo_t. Signal 0 only checks the process.
int cipc_pidfd_send_signal(int process, int signal);
/// Calls pidfd_getfd(2), which duplicates another process's descriptor. The duplicate is close-on-exec.
int cipc_pidfd_getfd(int process, int descriptor);
/// Calls waitid(2) with P_PIDFD, WEXITED and WNOHANG. If the child has ended, stores its status as cipc_wait
/// does, and returns 1; otherwise, returns 0.
int cipc_pidfd_reap(int process, int *exit_status, int *signal);
enum { CIPC_CHILD_ENDED = 1, CIPC_CHILD_STOPPED = 2, CIPC_CHILD_CONTINUED = 4 };
/// Calls waitid(2) with P_PIDFD for the changes in `changes`; with WNOHANG if `now` is set, and with WNOWAIT
/// if `keeping` is set. Returns the change, or 0 if there is none; stores the status as cipc_pidfd_reap does.
int cipc_pidfd_wait(int process, int changes, int now, int keeping, int *exit_status, int *signal);

/// Opens a descriptor's entry in /proc/self/fdinfo for reading, with open(2).
int cipc_open_fdinfo(int descriptor);
/// Reads the number after `key` in an open fdinfo entry; `key` includes the preceding newline and the
/// separator. Returns 1 on success, 0 if the entry has no such key, and -1 with errno set if reading fails.
int cipc_fdinfo_number(int fdinfo, const char *key, int *value);
