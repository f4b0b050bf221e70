// Creating files with exact permissions without changing the umask for other threads.
#pragma once
#include <stdint.h>

/// Returns this process's umask without changing it; 0777 if /proc is not mounted.
uint32_t cipc_current_umask(void);

/// Performs a call that creates a file with `mode`, without applying the umask. The call returns 0, or -1
/// with errno set.
///
/// If the umask would clear bits of `mode`, the call runs in a short-lived process that shares everything
/// with this thread except the umask. Therefore, `call` may only make system calls.
int cipc_without_umask(uint32_t mode, int (*call)(void *), void *argument);
