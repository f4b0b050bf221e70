#include "cipc_rwlock.h"

#include "portability.h"

#include <pthread.h>
#include <time.h>

int cipc_rwlock_lock_until(void *lock, bool exclusive, int64_t seconds, long nanoseconds) {
#ifdef __GLIBC__
    struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return exclusive ? pthread_rwlock_clockwrlock(lock, CLOCK_MONOTONIC, &deadline)
                     : pthread_rwlock_clockrdlock(lock, CLOCK_MONOTONIC, &deadline);
#else
    struct timespec deadline = cipc_real_time_of(seconds, nanoseconds);
    return exclusive ? pthread_rwlock_timedwrlock(lock, &deadline)
                     : pthread_rwlock_timedrdlock(lock, &deadline);
#endif
}
