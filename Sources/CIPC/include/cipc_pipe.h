// Pipes and FIFOs: the calls and constants of Linux that Swift's import of the C library does not
// show. Each function returns the same result, and sets errno in the same way, as the C function
// that it is named after.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CIPC_O_DIRECT = 040000, CIPC_O_PATH = 010000000 };
enum { CIPC_F_SETPIPE_SZ = 1031, CIPC_F_GETPIPE_SZ = 1032 };
enum { CIPC_NOWAIT = 0x8, CIPC_NOSIGNAL = 0x100 };

/// pipe2(2).
int cipc_pipe2(int descriptors[2], int flags);

/// read(2); with CIPC_NOWAIT, preadv2(2) with RWF_NOWAIT, which fails with EAGAIN instead of waiting.
intptr_t cipc_pipe_read(int descriptor, void *bytes, size_t count, int flags);

/// write(2); with flags, pwritev2(2). CIPC_NOSIGNAL is RWF_NOSIGNAL: EPIPE without SIGPIPE.
intptr_t cipc_pipe_write(int descriptor, const void *bytes, size_t count, int flags);

/// open(2) of `/proc/self/fd/<descriptor>`: another description of the same file, with separate flags.
int cipc_reopen(int descriptor, int flags);

/// open(2) with O_PATH | O_NOFOLLOW | O_CLOEXEC: locates a file without opening it.
int cipc_open_path(const char *path);

/// chmod(2) of `/proc/self/fd/<descriptor>`; the descriptor can be one of O_PATH.
int cipc_chmod(int descriptor, uint32_t mode);

/// mkfifo(3) that ignores the umask of the process, without changing it.
int cipc_mkfifo_exactly(const char *path, uint32_t mode);

/// tee(2) with SPLICE_F_NONBLOCK: copies what can be read, without consuming it.
intptr_t cipc_tee_now(int from, int to, size_t count);
