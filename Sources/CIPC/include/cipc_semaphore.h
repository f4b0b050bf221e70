// POSIX semaphores: calls that Swift's import of <semaphore.h> does not include, and a signal handler, which
// must be written in C.
#pragma once

#include <stdint.h>

/// Calls sem_clockwait(3) with CLOCK_MONOTONIC.
int cipc_sem_wait_until(void *semaphore, int64_t seconds, long nanoseconds);

/// Returns 1 if the page at `address` is mapped from the file with this device and inode, and 0 if it is not.
/// Returns -1 with errno set if /proc/self/maps cannot be read.
int cipc_is_mapped_from(const void *address, uint64_t device, uint64_t inode);

/// Calls sigaction(2) with SA_RESTART and a handler that posts the semaphore. This semaphore replaces the one
/// from an earlier call for this signal. Returns the call's sequence number among all calls for the signal.
int cipc_sem_post_on_signal(void *semaphore, int signal);
/// Calls sigaction(2) with SIG_DFL, unless the handler has been installed again since the call with this
/// sequence number. When this returns, no thread uses the semaphore from that call in the handler. A handler
/// of any signal must not call this.
int cipc_sem_stop_posting(int signal, int number);
