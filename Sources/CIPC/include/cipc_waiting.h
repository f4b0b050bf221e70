// What is waited on, and by: epoll(7), eventfd(2), timerfd_create(2), pidfd_open(2). Swift's import of glibc
// shows none of their headers. Each function returns what its namesake returns, and leaves errno as it does.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// epoll_create1(2) with EPOLL_CLOEXEC.
int cipc_epoll_create(void);

enum { CIPC_EPOLL_CTL_ADD = 1, CIPC_EPOLL_CTL_DEL = 2, CIPC_EPOLL_CTL_MOD = 3 };
enum { CIPC_EPOLLONESHOT = 1 << 30, CIPC_EPOLLET = 1 << 31 };

/// struct epoll_event as other ABIs have it: on x86-64 it is packed.
struct cipc_epoll_event {
    uint64_t data;
    uint32_t events;
};
int cipc_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t data);
/// epoll_pwait2(2). `nanoseconds` is how long to wait at most; negative: for ever.
int cipc_epoll_wait(int epoll, struct cipc_epoll_event *events, int count, int64_t nanoseconds);

enum { CIPC_EFD_SEMAPHORE = 1 };
/// eventfd(2) with EFD_CLOEXEC.
int cipc_eventfd(uint32_t value, int flags);
/// Whether a descriptor is one, by its link in /proc/self/fd: 1 or 0; -1 for none.
int cipc_is_eventfd(int descriptor);

/// timerfd_create(2) of CLOCK_MONOTONIC with TFD_CLOEXEC and TFD_NONBLOCK.
int cipc_timerfd(void);
/// timerfd_settime(2), in nanoseconds: `first` on the clock if `absolute`, from now if not; 0 disarms.
int cipc_timerfd_set(int timer, int absolute, int64_t first, int64_t interval);
/// timerfd_gettime(2).
int cipc_timerfd_remaining(int timer, int64_t *remaining, int64_t *interval);
/// read(2) of the number of expirations.
intptr_t cipc_timerfd_read(int timer, uint64_t *count);

/// pidfd_open(2), which is always close-on-exec.
int cipc_pidfd_open(int process);
/// pidfd_send_signal(2) without information of one's own; 0 sends none.
int cipc_pidfd_send_signal(int process, int signal);
/// waitid(2) with P_PIDFD, WEXITED and WNOHANG: 1 for a child that has ended, with how, as cipc_wait tells
/// it; 0 for one that has not.
int cipc_pidfd_reap(int process, int *exit_status, int *signal);
/// open(2), for reading, of what /proc/self/fdinfo has of a descriptor.
int cipc_open_fdinfo(int descriptor);
/// The number of the process as that of its descriptor has it: 0 when it is gone, or not to be seen from
/// here.
int cipc_fdinfo_pid(int fdinfo);
