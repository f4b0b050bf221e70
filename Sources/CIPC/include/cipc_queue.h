// System calls that a queue in shared memory needs in addition to those in cipc_futex.h: they sleep on
// several words, and detect that the owner of a lock has died. Each function leaves errno as the call set it.
#pragma once

#include <stdint.h>

enum { CIPC_FUTEX_MOST = 128 };

/// One of the words that cipc_futex_wait_any waits for, with the layout of struct futex_waitv.
struct cipc_futex_waiter {
    uint64_t expected;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

/// Returns a waiter for a 32-bit word shared by several processes.
struct cipc_futex_waiter cipc_futex_waiter(const void *word, uint32_t expected);

/// Calls futex_waitv(2): sleeps while each of at most CIPC_FUTEX_MOST words has its expected value. The
/// deadline is a CLOCK_MONOTONIC time in nanoseconds; a negative value means no deadline.
int cipc_futex_wait_any(const struct cipc_futex_waiter *waiters, unsigned count, int64_t deadline);

/// Registers the lock: if this thread dies before it calls cipc_robust_end, and the lock contains its ID, the
/// kernel sets FUTEX_OWNER_DIED in the lock (get_robust_list(2)). Returns the thread ID or, on failure, 0
/// with errno set: EDEADLK if the thread has already called this function for another lock without calling
/// cipc_robust_end.
uint32_t cipc_robust_begin(const void *lock);
void cipc_robust_end(void);

/// The number of times that this thread has waited for a message or a free slot since its last successful
/// spin.
uint32_t cipc_failed_spins(void);
void cipc_set_failed_spins(uint32_t count);
