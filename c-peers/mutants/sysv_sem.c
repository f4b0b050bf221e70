/* System V semaphores. */
#include "mutant.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
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

int __wrap_semget(key_t key, int count, int flags) {
    if (flags & IPC_CREAT)
        leave_keyed("sem", key);
    if (mutant("sysv-sem-exclusive-forgotten"))
        flags &= ~IPC_EXCL;
    return __real_semget(key, count, flags);
}

int __wrap_semop(int set, struct sembuf *operations, size_t count) {
    /* The peer makes one call for each operation, so they are not atomic together. */
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
        /* The peer ignores an operation of 0, which should wait for 0. */
        if (operations[i].sem_op == 0 && mutant("sysv-sem-zero-is-nothing"))
            return 0;
    }
    /* The peer tries again every millisecond instead of waiting. */
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
    struct timespec span = *timeout;
    /* semtimedop(2) takes a duration; the peer passes an absolute time. */
    if (mutant("sysv-sem-span-as-deadline")) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        span.tv_sec += now.tv_sec;
    }
    return __real_semtimedop(set, operations, count, &span);
}

int __wrap_semctl(int set, int number, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    union semun argument = va_arg(arguments, union semun);
    va_end(arguments);
    /* The peer passes the address of the union instead of its value. */
    if (command == SETVAL && mutant("sysv-sem-union-by-address"))
        argument.buf = (struct semid_ds *)&argument;
    if (command == IPC_RMID && mutant("sysv-sem-removal-forgotten"))
        return 0;
    /* The peer calls GETZCNT instead of GETNCNT. */
    if (command == GETNCNT && mutant("sysv-sem-counts-exchanged"))
        command = GETZCNT;
    return __real_semctl(set, number, command, argument);
}
