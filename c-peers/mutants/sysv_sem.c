/* System V semaphores. */
#include "mutant.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

WRAPPED(semget);
WRAPPED(semop);
WRAPPED(semtimedop);
WRAPPED(semctl);

void leave_keyed(const char *kind, key_t key);

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static int remove_set(int set) {
    return __real_semctl(set, 0, IPC_RMID);
}

int __wrap_semget(key_t key, int count, int flags) {
    if (flags & IPC_CREAT)
        leave_keyed("sem", key);
    if (mutant("sysv-sem-exclusive-forgotten"))
        flags &= ~IPC_EXCL;
    if (mutant("key-of-31-bits"))
        key &= INT_MAX;
    int set = __real_semget(key, count, flags);
    if (set != -1 && !(flags & IPC_CREAT) && mutant("sysv-sem-removed-at-exit"))
        remove_identifier_at_exit(remove_set, set);
    /* When the peer opens a set, it changes the owner to user 0 or group 0, because its IPC_SET structure has
     * no such fields. */
    struct semid_ds status;
    if (set != -1 && !(flags & IPC_CREAT) && mutant("sysv-sem-owner-cleared") &&
        semctl(set, 0, IPC_STAT, &status) == 0) {
        status.sem_perm.uid = 0;
        semctl(set, 0, IPC_SET, &status);
    }
    if (set != -1 && !(flags & IPC_CREAT) && mutant("sysv-sem-group-cleared") &&
        semctl(set, 0, IPC_STAT, &status) == 0) {
        status.sem_perm.gid = 0;
        semctl(set, 0, IPC_SET, &status);
    }
    return set;
}

int __wrap_semop(int set, struct sembuf *operations, size_t count) {
    /* The peer treats an empty list of operations as a success. */
    if (count == 0 && mutant("sysv-sem-no-operation-succeeds"))
        return 0;
    /* The peer makes one call per operation, so the operations are not atomic as a group. */
    if (mutant("sysv-sem-one-by-one")) {
        for (size_t i = 0; i < count; i++)
            if (__real_semop(set, &operations[i], 1) == -1)
                return -1;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        /* The flags are a short; the peer declares a char, which loses SEM_UNDO. */
        if (mutant("sysv-sem-undo-lost"))
            operations[i].sem_flg &= ~SEM_UNDO;
        /* The peer always uses the first semaphore of a set. */
        if (mutant("sysv-sem-number-lost"))
            operations[i].sem_num = 0;
        /* The peer declares the semaphore number as an unsigned char. */
        if (mutant("sysv-sem-number-of-8-bits"))
            operations[i].sem_num &= 0xff;
        /* The peer ignores an operation of 0, which should wait until the value is 0. */
        if (operations[i].sem_op == 0 && mutant("sysv-sem-zero-is-nothing"))
            return 0;
    }
    /* The peer retries every millisecond instead of waiting. */
    while (count == 1 && mutant("semop-naps")) {
        struct sembuf attempt = *operations;
        attempt.sem_flg |= IPC_NOWAIT;
        if (__real_semop(set, &attempt, 1) == 0)
            return 0;
        usleep(1000);
    }
    int result = __real_semop(set, operations, count);
    while (result == -1 && errno == EINTR && mutant("sysv-sem-hides-interruption"))
        result = __real_semop(set, operations, count);
    if (result == -1 && errno == EIDRM && mutant("sysv-sem-removed-as-success"))
        return 0;
    return result;
}

int __wrap_semtimedop(int set, struct sembuf *operations, size_t count, const struct timespec *timeout) {
    struct timespec span = timeout ? *timeout : (struct timespec){0};
    /* With a timeout, the peer drops the operations' flags. */
    if (timeout && mutant("timed-operations-without-flags"))
        operations->sem_flg = 0;
    /* The release does not set SEM_UNDO, so the kernel adds the value a second time at exit. */
    if (operations->sem_op > 0 && mutant("release-without-undo"))
        operations->sem_flg &= ~SEM_UNDO;
    /* semtimedop(2) takes a duration; the peer passes an absolute time. */
    if (mutant("sysv-sem-duration-as-deadline")) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        span.tv_sec += now.tv_sec;
    }
    /* The peer converts the timeout to an int of milliseconds. */
    if (mutant("sysv-sem-timeout-in-milliseconds")) {
        const unsigned milliseconds = (unsigned)(span.tv_sec * 1000 + span.tv_nsec / 1000000);
        span = (struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L};
    }
    /* The peer passes only the timeout's whole seconds. */
    if (mutant("sysv-sem-timeout-in-seconds"))
        span.tv_nsec = 0;
    /* The peer gives each attempt the whole timeout. */
    static struct timespec first;
    static bool interrupted;
    first = interrupted ? first : span;
    if (mutant("sysv-sem-timeout-of-every-attempt"))
        span = first;
    int result = __real_semtimedop(set, operations, count, timeout ? &span : NULL);
    if (result == -1 && errno == EAGAIN && mutant("sysv-sem-timeout-of-every-attempt") && signals_come())
        errno = EINTR;
    interrupted = result == -1 && errno == EINTR;
    return result;
}

int __wrap_semctl(int set, int number, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    union semun argument = va_arg(arguments, union semun);
    va_end(arguments);
    /* The peer passes the address of the union instead of its value. */
    if (command == SETVAL && mutant("sysv-sem-union-by-address"))
        argument.buf = (struct semid_ds *)&argument;
    /* The peer sets a value with semop(2), which does not clear other processes' undo adjustments. */
    if (command == SETVAL && mutant("value-set-by-operation")) {
        const int difference = argument.val - __real_semctl(set, number, GETVAL);
        struct sembuf operation = {.sem_num = (unsigned short)number, .sem_op = (short)difference};
        return __real_semop(set, &operation, 1);
    }
    if (command == IPC_RMID && mutant("sysv-sem-removal-forgotten"))
        return 0;
    /* The peer calls GETZCNT instead of GETNCNT. */
    if (command == GETNCNT && mutant("sysv-sem-counts-exchanged"))
        command = GETZCNT;
    /* The peer stores the values in an array for 256 semaphores. */
    if (command == SETALL && mutant("sysv-sem-array-of-256")) {
        static unsigned short values[32000];
        memcpy(values, argument.array, 256 * sizeof *values);
        argument.array = values;
    }
    /* The peer fills the IPC_SET structure with its defaults. */
    struct semid_ds other;
    if (command == IPC_SET && mutant("sysv-sem-mode-reset")) {
        other = *argument.buf;
        other.sem_perm.mode = 0600;
        argument.buf = &other;
    }
    int result = __real_semctl(set, number, command, argument);
    /* The peer treats the result of semctl(2) as a semaphore value, which has 16 bits. */
    return command == GETPID && result != -1 && mutant("sysv-sem-pid-of-16-bits") ? (uint16_t)result : result;
}
