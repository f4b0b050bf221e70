#include "cipc_kernel.h"

#include "cipc_signal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

const char *cipc_errno_symbol(int number) {
#ifdef __GLIBC__
    return strerrorname_np(number);
#else
    (void)number; // musl has no names for error numbers
    return NULL;
#endif
}

_Static_assert(sizeof(struct cipc_pollfd) == sizeof(struct pollfd) &&
                   offsetof(struct cipc_pollfd, events) == offsetof(struct pollfd, events) &&
                   offsetof(struct cipc_pollfd, revents) == offsetof(struct pollfd, revents),
               "struct pollfd");

_Static_assert(CIPC_POLLRDHUP == POLLRDHUP, "POLLRDHUP");

int cipc_ppoll(struct cipc_pollfd *entries, size_t count, int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll((struct pollfd *)entries, count, nanoseconds < 0 ? NULL : &time, NULL);
}

int cipc_ppoll_masked(struct cipc_pollfd *entries, size_t count, int64_t nanoseconds, uint64_t mask) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    const sigset_t set = cipc_sigset(mask);
    return ppoll((struct pollfd *)entries, count, nanoseconds < 0 ? NULL : &time, &set);
}

_Static_assert(CIPC_EOWNERDEAD == EOWNERDEAD, "EOWNERDEAD");

static int64_t nanoseconds_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time); // fails only for a nonexistent clock
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t cipc_clock_monotonic(void) {
    return nanoseconds_of(CLOCK_MONOTONIC);
}

int64_t cipc_clock_realtime(void) {
    return nanoseconds_of(CLOCK_REALTIME);
}
