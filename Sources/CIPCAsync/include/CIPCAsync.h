// Threads of IPCAsync: starting one, and ending a call in which one waits.
#pragma once

#include <stdint.h>

/// pthread_create(3) of a detached thread that blocks all signals except those of faults, and, if it is
/// `interruptible`, SIGURG. Its name is "ipc-call" then, and otherwise "ipc-event-loop". Returns 0, or the
/// number of an error.
int cipc_async_start_thread(void (*body)(void *), void *argument, int interruptible);

/// gettid(2).
int32_t cipc_async_thread(void);

/// tgkill(2) of a living thread of this process with SIGURG, after installing a handler that does nothing if
/// the program has none. Neither call can fail.
void cipc_async_interrupt(int32_t thread);

/// Counts the calls of this thread, and returns 1 for one of 64.
int cipc_async_is_turn_over(void);

/// The pointer that this thread has set; NULL before.
void *cipc_async_loop(void);
void cipc_async_set_loop(void *loop);
