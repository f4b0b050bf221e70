/* Defects in the file server. Other programs do not have these functions, so the references are weak. */
#include "mutant.h"

#include "../services/file/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#pragma weak __real_file_sync
#pragma weak __real_file_write
#pragma weak __real_files_forget
#pragma weak __real_range_fits
#pragma weak __real_ranges_add
#pragma weak __real_ranges_clear
#pragma weak __real_root_open
#pragma weak file_limits

WRAPPED(fallocate);
WRAPPED(file_sync);
WRAPPED(file_write);
WRAPPED(files_forget);
WRAPPED(process_vm_readv);
WRAPPED(range_fits);
WRAPPED(ranges_add);
WRAPPED(ranges_clear);
WRAPPED(root_open);
WRAPPED(syscall);

/* -- Paths -- */

static void change_path_rules(struct open_how *how) {
    /* The server follows a symbolic link below the root. */
    if (mutant("links-followed"))
        how->resolve &= ~(uint64_t)(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    /* Absolute paths and `..` lead out of the root. */
    if (mutant("paths-unconfined"))
        how->resolve &= ~(uint64_t)RESOLVE_BENEATH;
    /* The server opens an existing file instead of failing, and changes its size. */
    if (mutant("existing-file-created"))
        how->flags &= ~(uint64_t)O_EXCL;
}

long __wrap_syscall(long number, ...) {
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int index = 0; index < 6; index++)
        arguments[index] = va_arg(list, long);
    va_end(list);
    struct open_how how;
    if (number == SYS_openat2) {
        memcpy(&how, (const void *)arguments[2], sizeof how);
        change_path_rules(&how);
        arguments[2] = (long)&how;
    }
    return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                          arguments[5]);
}

/* -- Limits and bounds -- */

void __wrap_root_open(const char *path) {
    /* The server compares each limit with the state before the request. */
    if (mutant("file-limit-exceeded-by-one")) {
        file_limits.files++;
        file_limits.size++;
        file_limits.mapped++;
    }
    __real_root_open(path);
}

bool __wrap_range_fits(json_int_t offset, json_int_t length, size_t size) {
    /* The server treats the byte after the end as part of the file. */
    return __real_range_fits(offset, length, mutant("end-of-file-included") ? size + 1 : size);
}

/* -- Bytes -- */

struct problem __wrap_file_write(struct file *file, size_t offset, size_t length, const char *bytes) {
    /* The offset has 32 bits. */
    return __real_file_write(file, mutant("file-offset-of-32-bits") ? (uint32_t)offset : offset, length,
                             bytes);
}

ssize_t __wrap_process_vm_readv(pid_t process, const struct iovec *local, unsigned long local_count,
                                const struct iovec *remote, unsigned long remote_count, unsigned long flags) {
    /* The server reads the mapping in place, which raises SIGBUS if the file was truncated. */
    if (mutant("mapping-read-in-place")) {
        memcpy(local->iov_base, remote->iov_base, local->iov_len);
        return (ssize_t)local->iov_len;
    }
    return __real_process_vm_readv(process, local, local_count, remote, remote_count, flags);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t length) {
    /* A file that another process has extended is truncated. */
    return mutant("grown-by-truncation") ? ftruncate(fd, offset + length)
                                         : __real_fallocate(fd, mode, offset, length);
}

/* -- Durability -- */

void __wrap_ranges_add(struct ranges *ranges, size_t start, size_t end) {
    /* No range is ever marked dirty. */
    if (!mutant("dirty-never-set"))
        __real_ranges_add(ranges, start, end);
}

void __wrap_ranges_clear(struct ranges *ranges) {
    /* A range stays dirty forever. */
    if (!mutant("dirty-never-cleared"))
        __real_ranges_clear(ranges);
}

struct problem __wrap_file_sync(struct file *file) {
    /* The server replies without a sync; the kernel writes the file some time later. */
    if (mutant("file-sync-skipped")) {
        file->dirty.count = 0;
        return (struct problem){0};
    }
    return __real_file_sync(file);
}

/* -- Clients -- */

void __wrap_files_forget(struct client *client) {
    /* A dead client's files stay mapped. */
    if (!mutant("dead-client-keeps-files"))
        __real_files_forget(client);
}
