#include "cipc_mutex.h"

#include "portability.h"

#include <pthread.h>
#include <time.h>

int cipc_mutex_lock_until(void *mutex, int64_t seconds, long nanoseconds) {
#ifdef __GLIBC__
    struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline);
#else
    struct timespec deadline = cipc_real_time_of(seconds, nanoseconds);
    return pthread_mutex_timedlock(mutex, &deadline);
#endif
}
