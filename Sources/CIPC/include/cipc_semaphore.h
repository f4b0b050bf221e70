// POSIX semaphores: what Swift does not see of <semaphore.h>, and a signal handler, which must not be Swift.
#pragma once

#include <stdint.h>

/// sem_clockwait(3) with CLOCK_MONOTONIC.
int cipc_sem_wait_until(void *semaphore, int64_t seconds, long nanoseconds);

/// sigaction(2) with SA_RESTART and a handler that posts the semaphore, which is the one of this signal from
/// then on. Returns the number of this posting among those of the signal.
int cipc_sem_post_on_signal(void *semaphore, int signal);
/// sigaction(2) with SIG_DFL, unless the signal has a newer posting.
int cipc_sem_stop_posting(int signal, int number);
