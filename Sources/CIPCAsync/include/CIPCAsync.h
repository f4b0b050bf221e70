// Threads of IPCAsync: starting a thread, and ending a call in which it is waiting.
#pragma once

#include <stdint.h>

/// Creates a detached thread with pthread_create(3). It blocks all signals except those raised by faults and,
/// if it is `interruptible`, SIGURG. It is named "ipc-call" if it is interruptible, and otherwise
/// "ipc-event-loop". Returns 0 or an error number.
int cipc_async_start_thread(void (*body)(void *), void *argument, int interruptible);

/// gettid(2).
int32_t cipc_async_thread(void);

/// Sends SIGURG to a live thread of this process with tgkill(2). If the program has no handler for the
/// signal, it first installs one that does nothing. These calls cannot fail.
void cipc_async_interrupt(int32_t thread);

/// Counts the calls of this thread, and returns 1 for one call in 64.
int cipc_async_is_turn_over(void);

/// The pointer that this thread has set; NULL if it has not set one.
void *cipc_async_loop(void);
void cipc_async_set_loop(void *loop);
