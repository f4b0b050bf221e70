#include "cipc_mapping.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(CIPC_F_ADD_SEALS == F_ADD_SEALS && CIPC_F_GET_SEALS == F_GET_SEALS, "commands");
_Static_assert(CIPC_F_SEAL_SEAL == F_SEAL_SEAL && CIPC_F_SEAL_SHRINK == F_SEAL_SHRINK, "seals");
_Static_assert(CIPC_F_SEAL_GROW == F_SEAL_GROW && CIPC_F_SEAL_WRITE == F_SEAL_WRITE &&
                   CIPC_F_SEAL_FUTURE_WRITE == F_SEAL_FUTURE_WRITE,
               "seals");
#ifdef F_SEAL_EXEC // since Linux 6.3
_Static_assert(CIPC_F_SEAL_EXEC == F_SEAL_EXEC, "seals");
#endif
_Static_assert(CIPC_MFD_CLOEXEC == MFD_CLOEXEC && CIPC_MFD_ALLOW_SEALING == MFD_ALLOW_SEALING, "flags");

// These paths come from other processes. Without openat2(2), they cannot be opened safely.
int cipc_open_beneath(int directory, const char *path, int flags, uint32_t mode) {
    const struct open_how how = {.flags = (uint64_t)flags,
                                 .mode = mode,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int cipc_memfd_create(const char *label, unsigned flags) {
    return memfd_create(label, flags);
}

int cipc_fallocate(int descriptor, int64_t offset, int64_t length) {
    return fallocate(descriptor, 0, offset, length);
}

int cipc_mremap(void **address, size_t length, size_t new_length) {
    void *moved = mremap(*address, length, new_length, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return -1;
    *address = moved;
    return 0;
}

void *cipc_map_again(void *address, size_t length) {
    return mremap(address, 0, length, MREMAP_MAYMOVE);
}

// Use this thread's ID, not getpid(2): once the main thread has exited, the kernel finds no memory for the
// process ID.
intptr_t cipc_process_vm_read(void *to, const void *from, size_t count) {
    struct iovec local = {to, count}, remote = {(void *)from, count};
    return process_vm_readv(gettid(), &local, 1, &remote, 1, 0);
}

intptr_t cipc_process_vm_write(void *to, const void *from, size_t count) {
    struct iovec local = {(void *)from, count}, remote = {to, count};
    return process_vm_writev(gettid(), &local, 1, &remote, 1, 0);
}
