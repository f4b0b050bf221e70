// Notifications in a thread that the C library creates (SIGEV_THREAD), and timers with timer_create(2). These
// shims are necessary because Swift does not import struct sigevent.
#pragma once

#include <stdint.h>

/// A function that the C library calls with the registration's key, in its own thread.
typedef void (*cipc_notified)(int32_t key);

/// Calls mq_notify(3) with SIGEV_THREAD. Every call must pass the same function.
int cipc_mq_notify_thread(int queue, int32_t key, cipc_notified function);

/// Call timer_create(2) with SIGEV_SIGNAL, or with SIGEV_THREAD and a function, which must always be the
/// same.
int cipc_timer_create_signal(int clock, int signal, int value, void **timer);
int cipc_timer_create_thread(int clock, int32_t key, cipc_notified function, void **timer);

/// Calls timer_settime(2) with an initial expiration, relative to now, and an interval, both in nanoseconds.
/// An initial expiration of 0 disarms the timer.
int cipc_timer_set(void *timer, int64_t nanoseconds, int64_t interval);

/// Calls timer_gettime(2), and stores the times in nanoseconds.
int cipc_timer_remaining(void *timer, int64_t *nanoseconds, int64_t *interval);

/// Call timer_getoverrun(2) and timer_delete(2).
int cipc_timer_overrun(void *timer);
int cipc_timer_delete(void *timer);
