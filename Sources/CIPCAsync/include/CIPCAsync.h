// Functions for IPCAsync's threads, which start a thread or interrupt a thread's blocking call.
#pragma once

#include <stdint.h>

/// Creates a detached thread with pthread_create(3). The thread blocks all signals except those raised by
/// faults and, if `interruptible` is nonzero, SIGURG. An interruptible thread is named "ipc-call", and any
/// other thread "ipc-event-loop". Returns 0 or an error number.
int cipc_async_start_thread(void (*body)(void *), void *argument, int interruptible);

/// gettid(2).
int32_t cipc_async_thread(void);

/// Sends SIGURG with tgkill(2) to a thread of this process that is still running. If the program has no
/// handler for the signal, this first installs one that does nothing. Neither step can fail.
void cipc_async_interrupt(int32_t thread);

/// Counts the calls of this function in this thread, and returns 1 on every 64th call; otherwise 0.
int cipc_async_is_turn_over(void);

/// Returns the pointer that this thread has set; NULL if it has not set one.
void *cipc_async_loop(void);
void cipc_async_set_loop(void *loop);
