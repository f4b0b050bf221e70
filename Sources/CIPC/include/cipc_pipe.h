// Pipes and FIFOs: the Linux calls and constants that Swift's import of the C library does not include.
// Each function returns the same result as the C function that it is named after, and sets errno in the same
// way.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__aarch64__) || defined(__arm__) || defined(__m68k__)
enum { CIPC_O_DIRECT = 0200000 };
#elif defined(__powerpc__)
enum { CIPC_O_DIRECT = 0400000 };
#elif defined(__mips__)
enum { CIPC_O_DIRECT = 0100000 };
#else
enum { CIPC_O_DIRECT = 040000 };
#endif
enum { CIPC_O_PATH = 010000000 };
enum { CIPC_F_SETPIPE_SZ = 1031, CIPC_F_GETPIPE_SZ = 1032 };
enum { CIPC_NOWAIT = 0x8, CIPC_NOSIGNAL = 0x100 };

/// Calls pipe2(2).
int cipc_pipe2(int descriptors[2], int flags);

/// Calls read(2). With CIPC_NOWAIT, calls preadv2(2) with RWF_NOWAIT, which fails with EAGAIN instead of
/// waiting.
intptr_t cipc_pipe_read(int descriptor, void *bytes, size_t count, int flags);

/// Calls write(2) or, with flags, pwritev2(2). CIPC_NOSIGNAL is RWF_NOSIGNAL: writing to a broken pipe fails
/// with EPIPE and does not raise SIGPIPE.
intptr_t cipc_pipe_write(int descriptor, const void *bytes, size_t count, int flags);

/// One of several parts of a transfer: struct iovec.
struct cipc_part {
    void *bytes;
    size_t count;
};

/// Call readv(2) and writev(2) or, with the flags of cipc_pipe_read and cipc_pipe_write, preadv2(2) and
/// pwritev2(2).
intptr_t cipc_pipe_readv(int descriptor, const struct cipc_part *parts, size_t count, int flags);
intptr_t cipc_pipe_writev(int descriptor, const struct cipc_part *parts, size_t count, int flags);

/// Call preadv(2) and pwritev(2).
intptr_t cipc_preadv(int descriptor, const struct cipc_part *parts, size_t count, int64_t offset);
intptr_t cipc_pwritev(int descriptor, const struct cipc_part *parts, size_t count, int64_t offset);

/// Calls open(2) with `/proc/self/fd/<descriptor>`, which creates another open file description for the same
/// file, with separate flags.
int cipc_reopen(int descriptor, int flags);

/// Calls open(2) with O_PATH | O_NOFOLLOW | O_CLOEXEC, which locates a file without opening it.
int cipc_open_path(const char *path);

/// Calls chmod(2) with `/proc/self/fd/<descriptor>`. The descriptor may have been opened with O_PATH.
int cipc_chmod(int descriptor, uint32_t mode);

/// Calls mkfifo(3) without applying or changing the process's umask.
int cipc_mkfifo_exactly(const char *path, uint32_t mode);

/// Calls tee(2) with SPLICE_F_NONBLOCK, which copies the readable bytes without consuming them.
intptr_t cipc_tee_now(int from, int to, size_t count);

/// Call splice(2), tee(2) and sendfile(2). `from_at` and `to_at` are offsets, or NULL for the descriptors'
/// own offsets. With `now`, the call does not wait for a pipe.
intptr_t cipc_splice(int from, const int64_t *from_at, int to, const int64_t *to_at, size_t count, int now);
intptr_t cipc_tee(int from, int to, size_t count, int now);
intptr_t cipc_sendfile(int from, const int64_t *from_at, int to, size_t count);
