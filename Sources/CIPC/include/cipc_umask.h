// Creation of files with exact permissions, while other threads keep the umask of the process.
#pragma once
#include <stdint.h>

/// The umask of this process, read without changing it; 0777 if /proc is not mounted.
uint32_t cipc_current_umask(void);

/// Performs a call that returns 0, or -1 with errno, such that the umask of the process does not affect
/// `mode`.
///
/// If the umask would clear bits of `mode`, the call runs in a short-lived process that shares everything
/// with this thread except the umask. So `call` may only make system calls.
int cipc_without_umask(uint32_t mode, int (*call)(void *), void *argument);
