// Locking a mutex with a CLOCK_MONOTONIC deadline, a glibc extension that Swift does not import.
#pragma once

#include <stdint.h>

/// Calls pthread_mutex_clocklock(3) with CLOCK_MONOTONIC, and returns the error number.
int cipc_mutex_lock_until(void *mutex, int64_t seconds, long nanoseconds);
