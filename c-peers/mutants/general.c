/* The process, its limits and its umask. */
#include "mutant.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

WRAPPED(sysconf);
WRAPPED(getpid);
WRAPPED(umask);
WRAPPED(close_range);

long __wrap_sysconf(int name) {
    /* The peer reports the minimum that POSIX guarantees, not this system's limit. */
    if (mutant("limit-of-posix"))
        return 32;
    return __real_sysconf(name);
}

pid_t __wrap_getpid(void) {
    /* A runtime that caches the process id reports the parent's id after fork(2). */
    if (mutant("process-of-the-parent"))
        return getppid();
    return __real_getpid();
}

mode_t __wrap_umask(mode_t mask) {
    /* The peer sets the umask to 0 to get an exact mode, and an early return does not restore it. */
    static bool open;
    const bool was_open = open;
    open = mask == 0;
    if (was_open && mutant("umask-left-open"))
        return 0;
    /* The peer returns the new mask instead of the previous one. */
    mode_t before = __real_umask(mask);
    return mutant("umask-returns-new") ? mask : before;
}

int __wrap_close_range(unsigned first, unsigned last, int flags) {
    /* The peer excludes the last number from the range. */
    if (last > first && last != ~0U && mutant("close-range-without-last"))
        last--;
    /* The peer closes the descriptors instead of marking them close-on-exec. */
    if (mutant("close-range-closes"))
        flags = 0;
    /* The peer marks the descriptors close-on-exec instead of closing them. */
    if (mutant("close-range-marks"))
        flags = 4;
    /* The peer closes each descriptor in a loop, and fails at the first number that is not open. */
    if (first <= last && last - first < 1000 && mutant("close-range-in-a-loop")) {
        for (unsigned fd = first; fd <= last; fd++)
            if ((flags == 0 ? close((int)fd) : fcntl((int)fd, F_SETFD, FD_CLOEXEC)) == -1)
                return -1;
        return 0;
    }
    return __real_close_range(first, last, flags);
}
