/* Process-shared mutexes and condition variables. */
#include "mutant.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

WRAPPED(pthread_mutex_init);
WRAPPED(pthread_mutexattr_setrobust);
WRAPPED(pthread_mutexattr_settype);
WRAPPED(pthread_mutex_lock);
WRAPPED(pthread_mutex_trylock);
WRAPPED(pthread_mutex_clocklock);
WRAPPED(pthread_mutex_unlock);
WRAPPED(pthread_mutex_consistent);
WRAPPED(pthread_condattr_setclock);
WRAPPED(pthread_condattr_setpshared);
WRAPPED(pthread_cond_wait);
WRAPPED(pthread_cond_timedwait);
WRAPPED(pthread_cond_broadcast);

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    /* The peer passes NULL instead of the attributes. The mutex then excludes other processes, but never
     * wakes them. PTHREAD_PROCESS_PRIVATE alone would not be detected: in glibc a robust mutex is always
     * shared. */
    if (mutant("mutex-attributes-forgotten"))
        attributes = NULL;
    return __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust) {
    if (mutant("mutex-not-robust"))
        robust = PTHREAD_MUTEX_STALLED;
    if (mutant("mutex-always-robust"))
        robust = PTHREAD_MUTEX_ROBUST;
    return __real_pthread_mutexattr_setrobust(attributes, robust);
}

int __wrap_pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type) {
    /* The owner may lock the mutex again, as in some languages. */
    if (mutant("mutex-recursive"))
        type = PTHREAD_MUTEX_RECURSIVE;
    /* The peer supports only one mutex type. */
    if (mutant("mutex-type-ignored"))
        type = PTHREAD_MUTEX_ERRORCHECK;
    return __real_pthread_mutexattr_settype(attributes, type);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    int error = __real_pthread_mutex_lock(mutex);
    /* The peer reports EOWNERDEAD as success, because the mutex is locked. */
    if (error == EOWNERDEAD && mutant("mutex-dead-owner-ignored"))
        return 0;
    /* The peer treats EOWNERDEAD as a failure and unlocks the mutex. */
    if (error == EOWNERDEAD && mutant("mutex-dead-owner-unlocked"))
        __real_pthread_mutex_unlock(mutex);
    return error;
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex) {
    int error = __real_pthread_mutex_trylock(mutex);
    /* The peer reads errno, although pthread functions return the error. */
    if (error != 0 && mutant("mutex-error-from-errno")) {
        errno = 0;
        return errno == EBUSY ? EBUSY : 0;
    }
    return error;
}

int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline) {
    /* The peer stores the seconds in an int. */
    struct timespec end = *deadline;
    if (mutant("mutex-deadline-of-32-bits"))
        end.tv_sec = (int32_t)end.tv_sec;
    return __real_pthread_mutex_clocklock(mutex, clock, &end);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    int error = __real_pthread_mutex_unlock(mutex);
    /* The peer ignores errors from unlocking. */
    return mutant("mutex-unlock-never-fails") ? 0 : error;
}

int __wrap_pthread_mutex_consistent(pthread_mutex_t *mutex) {
    /* The peer does not make the mutex consistent. */
    if (mutant("mutex-never-consistent"))
        return 0;
    return __real_pthread_mutex_consistent(mutex);
}

int __wrap_pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock) {
    /* The clock is still CLOCK_REALTIME, so a CLOCK_MONOTONIC deadline has already passed. */
    if (mutant("condition-clock-forgotten"))
        return 0;
    return __real_pthread_condattr_setclock(attributes, clock);
}

int __wrap_pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared) {
    if (mutant("condition-not-shared"))
        shared = PTHREAD_PROCESS_PRIVATE;
    return __real_pthread_condattr_setpshared(attributes, shared);
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    int error = __real_pthread_cond_wait(condition, mutex);
    /* A woken waiter unlocks the mutex, although the caller expects to hold it. */
    if (mutant("condition-leaves-unlocked"))
        __real_pthread_mutex_unlock(mutex);
    return error;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *deadline) {
    struct timespec end = *deadline;
    if (mutant("condition-deadline-of-32-bits"))
        end.tv_sec = (int32_t)end.tv_sec;
    return __real_pthread_cond_timedwait(condition, mutex, &end);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition) {
    /* The peer wakes only one waiter. */
    if (mutant("broadcast-as-signal"))
        return pthread_cond_signal(condition);
    return __real_pthread_cond_broadcast(condition);
}
