// Child processes.
#pragma once
#include <stddef.h>

/// posix_spawnp(3) with this process's environment, after dup2(2) of each `from` to the `to` of the same
/// index; returns -1 and leaves the reason in errno.
int cipc_spawn(int *process, const char *program, char *const arguments[], const int from[], const int to[],
               size_t count);

/// waitpid(2): the exit status, or -1 and the signal that ended the process.
int cipc_wait(int process, int *exit_status, int *signal);
