#include "cipc_pipe.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(CIPC_O_DIRECT == O_DIRECT, "O_DIRECT");
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

int cipc_reopen(int descriptor, int flags) {
    char path[sizeof "/proc/self/fd/-2147483648"];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return open(path, flags);
}
