/* POSIX semaphores. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

WRAPPED(sem_open);
WRAPPED(sem_close);
WRAPPED(sem_unlink);
WRAPPED(sem_init);
WRAPPED(sem_post);
WRAPPED(sem_wait);
WRAPPED(sem_trywait);
WRAPPED(sem_timedwait);
WRAPPED(sem_clockwait);
WRAPPED(sem_getvalue);

sem_t *__wrap_sem_open(const char *name, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    unsigned value = va_arg(arguments, unsigned);
    va_end(arguments);
    /* The imported declaration has two arguments, so the value is arbitrary. */
    if (mutant("sem-value-lost"))
        value = 0;
    /* The peer copies the name into a buffer of 128 bytes. */
    char buffer[128] = "";
    if (mutant("sem-name-of-127-bytes"))
        name = strncpy(buffer, name, sizeof buffer - 1);
    if (mutant("sem-exclusive-forgotten"))
        flags &= ~O_EXCL;
    sem_t *semaphore = __real_sem_open(name, flags, mode, value);
    if (semaphore != SEM_FAILED && !(flags & O_CREAT) && mutant("sem-removed-at-exit"))
        remove_at_exit(__real_sem_unlink, name);
    return semaphore;
}

int __wrap_sem_close(sem_t *semaphore) {
    /* If a semaphore was opened twice, the peer's first close closes it completely. */
    int result = __real_sem_close(semaphore);
    if (mutant("sem-close-closes-all"))
        while (__real_sem_close(semaphore) == 0)
            ;
    return result;
}

int __wrap_sem_unlink(const char *name) {
    if (mutant("sem-unlink-forgotten"))
        return 0;
    return __real_sem_unlink(name);
}

int __wrap_sem_init(sem_t *semaphore, int shared, unsigned value) {
    /* The semaphore is shared only between threads. Only a process that waits can detect this. */
    if (mutant("sem-not-shared"))
        shared = 0;
    /* The peer initializes a semaphore at the same address only once. */
    static sem_t *initialized;
    if (semaphore == initialized && mutant("sem-initialized-once"))
        return 0;
    initialized = semaphore;
    return __real_sem_init(semaphore, shared, value);
}

int __wrap_sem_post(sem_t *semaphore) {
    /* The semaphore is binary: a post at a value above 0 does nothing. */
    int value;
    if (mutant("sem-binary") && sem_getvalue(semaphore, &value) == 0 && value > 0)
        return 0;
    int result = __real_sem_post(semaphore);
    /* The peer ignores errors from sem_post(3). */
    return mutant("sem-overflow-unseen") ? 0 : result;
}

int __wrap_sem_wait(sem_t *semaphore) {
    /* The peer polls in a loop instead of waiting, without pauses or with pauses of one millisecond. */
    bool naps = mutant("sem-wait-naps");
    while (naps || mutant("sem-wait-spins")) {
        if (__real_sem_trywait(semaphore) == 0)
            return 0;
        if (naps)
            usleep(1000);
    }
    int result = __real_sem_wait(semaphore);
    /* The peer treats every wait that returns as successful. */
    if (result == -1 && errno == EINTR && mutant("sem-interruption-as-success"))
        return 0;
    return result;
}

int __wrap_sem_trywait(sem_t *semaphore) {
    int value;
    /* The peer only reads the value, and does not decrement it. */
    if (mutant("sem-trywait-only-reads")) {
        sem_getvalue(semaphore, &value);
        errno = EAGAIN;
        return value > 0 ? 0 : -1;
    }
    /* The peer uses one function for all waits, and that function waits for a second. */
    if (mutant("sem-trywait-waits")) {
        struct timespec end;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec++;
        int result = __real_sem_timedwait(semaphore, &end);
        errno = EAGAIN;
        return result;
    }
    return __real_sem_trywait(semaphore);
}

int __wrap_sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    struct timespec end = *deadline, now;
    /* The deadline is measured against a different clock: the one that the program uses for its other
     * deadlines. */
    if (mutant("sem-deadline-by-another-clock")) {
        clock_gettime(CLOCK_REALTIME, &now);
        end.tv_sec -= now.tv_sec;
        clock_gettime(CLOCK_MONOTONIC, &now);
        end.tv_sec += now.tv_sec;
    }
    static bool interrupted;
    if (mutant("sem-deadline-of-every-attempt"))
        end = STARTED_AGAIN(CLOCK_REALTIME, deadline, interrupted);
    int result = __real_sem_timedwait(semaphore, &end);
    if (mutant("sem-deadline-of-every-attempt"))
        interrupted = WAS_INTERRUPTED(result);
    /* The peer reports a timeout as EAGAIN, an error that futex(2) returns for a different reason. */
    if (result == -1 && errno == ETIMEDOUT && mutant("sem-timeout-as-again"))
        errno = EAGAIN;
    return result;
}

int __wrap_sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline) {
    /* The C library does not have the call, so the peer converts the deadline to an int of milliseconds. */
    struct timespec now, end = *deadline;
    if (mutant("sem-deadline-in-milliseconds")) {
        clock_gettime(clock, &now);
        const unsigned left = (unsigned)((end.tv_sec - now.tv_sec) * 1000);
        end = (struct timespec){now.tv_sec + left / 1000, end.tv_nsec};
    }
    static bool interrupted;
    if (mutant("sem-deadline-of-every-attempt"))
        end = STARTED_AGAIN(clock, deadline, interrupted);
    int result = __real_sem_clockwait(semaphore, clock, &end);
    if (mutant("sem-deadline-of-every-attempt"))
        interrupted = WAS_INTERRUPTED(result);
    return result;
}

int __wrap_sem_getvalue(sem_t *semaphore, int *value) {
    int result = __real_sem_getvalue(semaphore, value);
    /* The peer uses only the first byte of the value. */
    if (mutant("sem-value-as-byte"))
        *value &= 0xff;
    return result;
}
