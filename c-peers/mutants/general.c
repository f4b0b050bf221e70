/* The process, its limits and its umask. */
#include "mutant.h"

#include <sys/stat.h>
#include <unistd.h>

WRAPPED(sysconf);
WRAPPED(getpid);
WRAPPED(umask);

long __wrap_sysconf(int name) {
    /* The peer reports the minimum that POSIX guarantees, not the limit of this system. */
    if (mutant("limit-of-posix"))
        return 32;
    return __real_sysconf(name);
}

pid_t __wrap_getpid(void) {
    /* A runtime that caches the process id reports the id of the parent after fork(2). */
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
