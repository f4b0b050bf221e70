// Mapped memory and memory objects: Linux calls and constants that Swift's import of glibc does not include.
// Each function returns the same result as the C function that it is named after, and sets errno in the same
// way.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    CIPC_F_ADD_SEALS = 1033,
    CIPC_F_GET_SEALS = 1034,
    CIPC_F_SEAL_SEAL = 1,
    CIPC_F_SEAL_SHRINK = 2,
    CIPC_F_SEAL_GROW = 4,
    CIPC_F_SEAL_WRITE = 8,
    CIPC_F_SEAL_FUTURE_WRITE = 16,
    CIPC_F_SEAL_EXEC = 32,
    CIPC_MFD_CLOEXEC = 1,
    CIPC_MFD_ALLOW_SEALING = 2,
};

/// Calls openat2(2), which fails with EXDEV if a path leads out of the directory, and with ELOOP if the path
/// contains a symbolic link.
int cipc_open_beneath(int directory, const char *path, int flags, uint32_t mode);

/// Calls memfd_create(2).
int cipc_memfd_create(const char *label, unsigned flags);

/// Calls fallocate(2) without flags: the object grows if necessary, and existing bytes do not change.
int cipc_fallocate(int descriptor, int64_t offset, int64_t length);

/// Calls mremap(2) with MREMAP_MAYMOVE. Stores the new address in *address; returns 0 or -1.
int cipc_mremap(void **address, size_t length, size_t new_length);

/// Calls mremap(2) for 0 bytes, which maps the same memory a second time. Returns MAP_FAILED if the memory is
/// not shared.
void *cipc_map_again(void *address, size_t length);

/// Call process_vm_readv(2) and process_vm_writev(2) for this process's own memory. Because the kernel copies
/// the bytes, an inaccessible page causes EFAULT or a short count instead of SIGBUS.
intptr_t cipc_process_vm_read(void *to, const void *from, size_t count);
intptr_t cipc_process_vm_write(void *to, const void *from, size_t count);

/// Starts to load the cache line at `address`, without waiting for it.
static inline void cipc_prefetch(const void *address) {
    __builtin_prefetch(address);
}
