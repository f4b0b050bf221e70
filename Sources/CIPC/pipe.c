#include "cipc_pipe.h"

#include "portability.h"

#include "cipc_umask.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(CIPC_O_DIRECT == O_DIRECT && CIPC_O_PATH == O_PATH, "O_DIRECT, O_PATH");
_Static_assert(CIPC_F_SETPIPE_SZ == F_SETPIPE_SZ, "F_SETPIPE_SZ");
_Static_assert(CIPC_F_GETPIPE_SZ == F_GETPIPE_SZ, "F_GETPIPE_SZ");

int cipc_pipe2(int descriptors[2], int flags) {
    return pipe2(descriptors, flags);
}

_Static_assert(CIPC_NOWAIT == RWF_NOWAIT && CIPC_NOSIGNAL == RWF_NOSIGNAL, "RWF_*");

intptr_t cipc_pipe_read(int descriptor, void *bytes, size_t count, int flags) {
    if (flags == 0)
        return read(descriptor, bytes, count);
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    return syscall(SYS_preadv2, descriptor, &part, 1UL, -1L, -1L, (long)flags);
}

intptr_t cipc_pipe_write(int descriptor, const void *bytes, size_t count, int flags) {
    if (flags == 0)
        return write(descriptor, bytes, count);
    // Bypass the C library's wrapper, which takes longer than the rest of a write.
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    return syscall(SYS_pwritev2, descriptor, &part, 1UL, -1L, -1L, (long)flags);
}

_Static_assert(sizeof(struct cipc_part) == sizeof(struct iovec) &&
                   offsetof(struct cipc_part, count) == offsetof(struct iovec, iov_len),
               "struct iovec");

intptr_t cipc_pipe_readv(int descriptor, const struct cipc_part *parts, size_t count, int flags) {
    if (flags == 0)
        return readv(descriptor, (const struct iovec *)parts, (int)count);
    return syscall(SYS_preadv2, descriptor, parts, count, -1L, -1L, (long)flags);
}

intptr_t cipc_pipe_writev(int descriptor, const struct cipc_part *parts, size_t count, int flags) {
    if (flags == 0)
        return writev(descriptor, (const struct iovec *)parts, (int)count);
    return syscall(SYS_pwritev2, descriptor, parts, count, -1L, -1L, (long)flags);
}

intptr_t cipc_preadv(int descriptor, const struct cipc_part *parts, size_t count, int64_t offset) {
    return preadv(descriptor, (const struct iovec *)parts, (int)count, offset);
}

intptr_t cipc_pwritev(int descriptor, const struct cipc_part *parts, size_t count, int64_t offset) {
    return pwritev(descriptor, (const struct iovec *)parts, (int)count, offset);
}

struct path {
    char text[sizeof "/proc/self/fd/-2147483648"];
};

static struct path path_of(int descriptor) {
    struct path path;
    snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", descriptor);
    return path;
}

int cipc_reopen(int descriptor, int flags) {
    return open(path_of(descriptor).text, flags);
}

int cipc_open_path(const char *path) {
    return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int cipc_chmod(int descriptor, uint32_t mode) {
    return chmod(path_of(descriptor).text, mode);
}

struct fifo {
    const char *path;
    mode_t mode;
};

static int make_fifo(void *argument) {
    const struct fifo *fifo = argument;
    return mkfifo(fifo->path, fifo->mode);
}

int cipc_mkfifo_exactly(const char *path, uint32_t mode) {
    struct fifo fifo = {.path = path, .mode = mode};
    return cipc_without_umask(mode, make_fifo, &fifo);
}

intptr_t cipc_tee_now(int from, int to, size_t count) {
    return tee(from, to, count, SPLICE_F_NONBLOCK);
}

intptr_t cipc_splice(int from, const int64_t *from_at, int to, const int64_t *to_at, size_t count, int now) {
    loff_t begin = from_at != NULL ? *from_at : 0, end = to_at != NULL ? *to_at : 0;
    return splice(from, from_at != NULL ? &begin : NULL, to, to_at != NULL ? &end : NULL, count,
                  now ? SPLICE_F_NONBLOCK : 0);
}

intptr_t cipc_tee(int from, int to, size_t count, int now) {
    return tee(from, to, count, now ? SPLICE_F_NONBLOCK : 0);
}

intptr_t cipc_sendfile(int from, const int64_t *from_at, int to, size_t count) {
    off_t begin = from_at != NULL ? (off_t)*from_at : 0;
    return sendfile(to, from, from_at != NULL ? &begin : NULL, count);
}
