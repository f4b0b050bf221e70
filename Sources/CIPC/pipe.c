#include "cipc_pipe.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(CIPC_O_DIRECT == O_DIRECT && CIPC_O_PATH == O_PATH, "O_DIRECT, O_PATH");
_Static_assert(CIPC_F_SETPIPE_SZ == F_SETPIPE_SZ, "F_SETPIPE_SZ");
_Static_assert(CIPC_F_GETPIPE_SZ == F_GETPIPE_SZ, "F_GETPIPE_SZ");

int cipc_pipe2(int descriptors[2], int flags) {
    return pipe2(descriptors, flags);
}

intptr_t cipc_read_now(int descriptor, void *bytes, size_t count) {
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    return preadv2(descriptor, &part, 1, -1, RWF_NOWAIT);
}

intptr_t cipc_write_now(int descriptor, const void *bytes, size_t count) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    return pwritev2(descriptor, &part, 1, -1, RWF_NOWAIT);
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

intptr_t cipc_tee_now(int from, int to, size_t count) {
    return tee(from, to, count, SPLICE_F_NONBLOCK);
}
