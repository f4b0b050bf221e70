#include "cipc_futex.h"

#include "portability.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int cipc_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return (int)syscall(SYS_futex, word, FUTEX_WAIT, expected, nanoseconds < 0 ? NULL : &time, NULL, 0);
}

int cipc_futex_wake(const void *word, int count) {
    return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

int cipc_populate(void *address, size_t length) {
    const size_t before = (uintptr_t)address % (size_t)sysconf(_SC_PAGESIZE);
    return madvise((char *)address - before, before + length, MADV_POPULATE_WRITE);
}

int64_t cipc_inode(const char *path) {
    struct stat status;
    return stat(path, &status) == -1 ? -1 : (int64_t)status.st_ino;
}
