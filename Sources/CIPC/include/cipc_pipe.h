// Pipes: the calls and constants of Linux that Swift's import of glibc does not show.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CIPC_O_DIRECT = 040000, CIPC_O_PATH = 010000000 };
enum { CIPC_F_SETPIPE_SZ = 1031, CIPC_F_GETPIPE_SZ = 1032 };

/// pipe2(2).
int cipc_pipe2(int descriptors[2], int flags);

/// preadv2(2) of one buffer from where the file stands, with RWF_NOWAIT: fails with EAGAIN rather than wait.
intptr_t cipc_read_now(int descriptor, void *bytes, size_t count);

/// pwritev2(2) of one buffer, with RWF_NOWAIT.
intptr_t cipc_write_now(int descriptor, const void *bytes, size_t count);

/// open(2) of `/proc/self/fd/<descriptor>`: another description of the same file, with flags of its own.
int cipc_reopen(int descriptor, int flags);

/// O_PATH | O_NOFOLLOW | O_CLOEXEC: names a file without opening it, so that it cannot do anything meanwhile.
int cipc_open_path(const char *path);

/// chmod(2) of `/proc/self/fd/<descriptor>`, which may be one of O_PATH.
int cipc_chmod(int descriptor, uint32_t mode);

/// tee(2) with SPLICE_F_NONBLOCK: copies what can be read, which stays there to be read.
intptr_t cipc_tee_now(int from, int to, size_t count);
