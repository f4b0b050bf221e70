// Read-write locks with a CLOCK_MONOTONIC deadline, a glibc extension that Swift does not import.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Calls pthread_rwlock_clockrdlock(3) or pthread_rwlock_clockwrlock(3) with CLOCK_MONOTONIC, and returns the
/// error number.
int cipc_rwlock_lock_until(void *lock, bool exclusive, int64_t seconds, long nanoseconds);
