// Calls for epoll(7), eventfd(2), timerfd_create(2) and pidfd_open(2), whose headers Swift does not
// import with the C library. Each function returns the same result, and sets errno in the same way, as
// the C function that it is named after.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// epoll_create1(2) with EPOLL_CLOEXEC.
int cipc_epoll_create(void);

enum { CIPC_EPOLL_CTL_ADD = 1, CIPC_EPOLL_CTL_DEL = 2, CIPC_EPOLL_CTL_MOD = 3 };
enum { CIPC_EPOLLONESHOT = 1 << 30, CIPC_EPOLLET = 1 << 31 };

/// struct epoll_event, which is packed on x86-64, without packing.
struct cipc_epoll_event {
    uint64_t data;
    uint32_t events;
};
int cipc_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t data);
/// epoll_pwait2(2). `nanoseconds` is the timeout; with a negative value the call waits without a limit.
int cipc_epoll_wait(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds);

enum { CIPC_EFD_SEMAPHORE = 1 };
/// eventfd(2) with EFD_CLOEXEC.
int cipc_eventfd(uint32_t value, int flags);
/// read(2) of the value.
intptr_t cipc_eventfd_read(int event, uint64_t *value);
/// preadv2(2) of the value with RWF_NOWAIT.
intptr_t cipc_eventfd_read_now(int event, uint64_t *value);
/// write(2) of a value.
intptr_t cipc_eventfd_write(int event, uint64_t value);

/// Whether the link of a descriptor in /proc/self/fd is `name`, such as "anon_inode:[eventfd]": 1 or 0; -1
/// when it is not open.
int cipc_is_anonymous_inode(int descriptor, const char *name);

/// timerfd_create(2) of CLOCK_MONOTONIC with TFD_CLOEXEC and TFD_NONBLOCK.
int cipc_timerfd(void);
/// timerfd_settime(2), in nanoseconds: `first` is an instant of the clock if `absolute` is not 0, else a time
/// from now; 0 disarms.
int cipc_timerfd_set(int timer, int absolute, int64_t first, int64_t interval);
/// timerfd_gettime(2).
int cipc_timerfd_remaining(int timer, int64_t *remaining, int64_t *interval);
/// read(2) of the number of expirations.
intptr_t cipc_timerfd_read(int timer, uint64_t *count);

/// pidfd_open(2), which is always close-on-exec.
int cipc_pidfd_open(int process);
/// pidfd_send_signal(2) without a siginfo_t; signal 0 only checks.
int cipc_pidfd_send_signal(int process, int signal);
/// waitid(2) with P_PIDFD, WEXITED and WNOHANG: 1 for a child that has ended, with its status as cipc_wait
/// reports it; 0 for a child that has not ended.
int cipc_pidfd_reap(int process, int *exit_status, int *signal);

/// open(2), for reading, of the entry of a descriptor in /proc/self/fdinfo.
int cipc_open_fdinfo(int descriptor);
/// Reads the number after `key` in such an entry; `key` includes the line end before it and the
/// separator. Returns 1; 0 if there is no such line; -1 with errno if reading fails.
int cipc_fdinfo_number(int fdinfo, const char *key, int *value);
