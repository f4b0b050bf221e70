// Child processes.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Calls posix_spawnp(3) with POSIX_SPAWN_SETSIGMASK, and POSIX_SPAWN_SETSIGDEF for all signals. Returns -1
/// and sets errno if the call fails. The child first calls fchdir(2) with `directory`, unless `directory` is
/// -1. Then, for each index, it duplicates `from` to `to` with dup2(2) or, if `from` is -1, opens /dev/null
/// as `to`. If `environment` is NULL, the child inherits this process's environment. `group` is the argument
/// to setpgid(2), or -1 to stay in the same group. Bit n - 1 of `mask` is signal n.
int cipc_spawn(int *process, const char *program, char *const arguments[], char *const environment[],
               int directory, const int from[], const int to[], size_t count, int group, uint64_t mask);

/// Calls waitpid(2). Stores the exit status or, if a signal terminated the process, -1 and the signal.
int cipc_wait(int process, int *exit_status, int *signal);

#define CIPC_CLOSE_RANGE_CLOEXEC 4

/// Calls close_range(2).
int cipc_close_range(uint32_t first, uint32_t last, int flags);

/// Calls open(2) with O_PATH | O_DIRECTORY | O_CLOEXEC.
int cipc_open_directory(const char *path);
