/* Process-shared read-write locks and barriers. */
#include "mutant.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

WRAPPED(pthread_rwlockattr_setpshared);
WRAPPED(pthread_rwlock_rdlock);
WRAPPED(pthread_rwlock_wrlock);
WRAPPED(pthread_rwlock_tryrdlock);
WRAPPED(pthread_rwlock_trywrlock);
WRAPPED(pthread_rwlock_clockrdlock);
WRAPPED(pthread_rwlock_clockwrlock);
WRAPPED(pthread_rwlock_timedwrlock);
WRAPPED(pthread_barrierattr_setpshared);
WRAPPED(pthread_barrier_init);
WRAPPED(pthread_barrier_wait);

int __wrap_pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attributes, int shared) {
    if (mutant("rwlock-not-shared"))
        shared = PTHREAD_PROCESS_PRIVATE;
    return __real_pthread_rwlockattr_setpshared(attributes, shared);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
    /* The peer supports only exclusive locks. */
    if (mutant("rwlock-readers-exclusive"))
        return __real_pthread_rwlock_wrlock(lock);
    return __real_pthread_rwlock_rdlock(lock);
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
    if (mutant("rwlock-writers-shared"))
        return __real_pthread_rwlock_rdlock(lock);
    return __real_pthread_rwlock_wrlock(lock);
}

int __wrap_pthread_rwlock_tryrdlock(pthread_rwlock_t *lock) {
    int error = __real_pthread_rwlock_tryrdlock(lock);
    /* The peer reads errno, although pthread functions return the error. */
    if (error != 0 && mutant("rwlock-error-from-errno")) {
        errno = 0;
        return errno;
    }
    return error;
}

int __wrap_pthread_rwlock_trywrlock(pthread_rwlock_t *lock) {
    /* The peer uses the blocking call, with a deadline that has already passed. */
    const struct timespec past = {0};
    if (mutant("rwlock-try-as-timeout"))
        return pthread_rwlock_timedwrlock(lock, &past);
    return __real_pthread_rwlock_trywrlock(lock);
}

int __wrap_pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock,
                                      const struct timespec *deadline) {
    /* The deadline is measured against CLOCK_REALTIME, so it has already passed. */
    if (mutant("rwlock-clock-forgotten"))
        return pthread_rwlock_timedrdlock(lock, deadline);
    return __real_pthread_rwlock_clockrdlock(lock, clock, deadline);
}

int __wrap_pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock,
                                      const struct timespec *deadline) {
    /* The peer stores the seconds in an int. */
    struct timespec end = *deadline;
    if (mutant("rwlock-deadline-of-32-bits"))
        end.tv_sec = (int32_t)end.tv_sec;
    return __real_pthread_rwlock_clockwrlock(lock, clock, &end);
}

int __wrap_pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *deadline) {
    int error = __real_pthread_rwlock_timedwrlock(lock, deadline);
    /* The peer compares the result with -1, as for calls that set errno. */
    return error > 0 && mutant("rwlock-timeout-ignored") ? 0 : error;
}

int __wrap_pthread_barrierattr_setpshared(pthread_barrierattr_t *attributes, int shared) {
    if (mutant("barrier-not-shared"))
        shared = PTHREAD_PROCESS_PRIVATE;
    return __real_pthread_barrierattr_setpshared(attributes, shared);
}

int __wrap_pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes,
                                unsigned count) {
    /* The peer does not include itself in the number of processes. */
    if (count > 1 && mutant("barrier-without-oneself"))
        count--;
    /* The peer replaces a count of 0 with 1. */
    if (count == 0 && mutant("barrier-count-raised"))
        count = 1;
    return __real_pthread_barrier_init(barrier, attributes, count);
}

int __wrap_pthread_barrier_wait(pthread_barrier_t *barrier) {
    int result = __real_pthread_barrier_wait(barrier);
    /* The peer treats every result except 0 as an error, as for other pthread functions. */
    if (result == PTHREAD_BARRIER_SERIAL_THREAD && mutant("barrier-serial-as-error"))
        return EINVAL;
    /* The peer reports every thread that succeeds as the serial thread. */
    if (result == 0 && mutant("barrier-all-serial"))
        return PTHREAD_BARRIER_SERIAL_THREAD;
    /* The peer does not report which thread is the serial thread. */
    return mutant("barrier-none-serial") ? 0 : result;
}
