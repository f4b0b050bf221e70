/* File locks. __wrap_fcntl (bytes.c) forwards lock commands to this file. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

WRAPPED(flock);

int __real_fcntl(int fd, int command, ...); /* wrapped in bytes.c */
int lock_record(int fd, int command, struct flock *lock);

static bool asks(int command) {
    return command == F_GETLK || command == F_OFD_GETLK;
}

int lock_record(int fd, int command, struct flock *lock) {
    struct flock other = *lock;
    /* The peer takes a process-owned lock instead of a description-owned lock, or the reverse. */
    if (mutant("lock-of-process"))
        command = command == F_OFD_SETLK    ? F_SETLK
                  : command == F_OFD_SETLKW ? F_SETLKW
                  : command == F_OFD_GETLK  ? F_GETLK
                                            : command;
    if (mutant("lock-of-description"))
        command = command == F_SETLK ? F_OFD_SETLK : command == F_SETLKW ? F_OFD_SETLKW : command;
    /* The peer locks the whole file, regardless of the range. */
    if (mutant("lock-range-ignored"))
        other.l_start = other.l_len = 0;
    /* The peer stores offsets in ints. */
    if (mutant("lock-start-of-32-bits"))
        other.l_start = (int)other.l_start;
    /* The peer interprets the length as the position of the last byte. */
    if (other.l_len > 0 && mutant("lock-length-as-end"))
        other.l_len = other.l_len - other.l_start + 1;
    /* The peer replaces a length of 0 with the current size of the file. */
    if (other.l_len == 0 && mutant("lock-up-to-the-present-end"))
        other.l_len = 4096;
    if (other.l_type == F_RDLCK && !asks(command) && mutant("lock-always-exclusive"))
        other.l_type = F_WRLCK;
    if (other.l_type == F_WRLCK && !asks(command) && mutant("lock-always-shared"))
        other.l_type = F_RDLCK;
    if (other.l_type == F_UNLCK && mutant("unlock-forgotten"))
        return 0;
    /* To unlock a range, the peer unlocks the whole file. */
    if (other.l_type == F_UNLCK && mutant("unlock-of-everything"))
        other.l_start = other.l_len = 0;
    /* The peer does not wait for the lock. */
    if (mutant("lock-without-waiting"))
        command = command == F_SETLKW ? F_SETLK : command == F_OFD_SETLKW ? F_OFD_SETLK : command;
    /* The peer queries a lock by taking it, and keeps it. */
    if (command == F_GETLK && mutant("lock-taken-by-asking") && __real_fcntl(fd, F_SETLK, &other) == 0) {
        lock->l_type = F_UNLCK;
        return 0;
    }
    int result = __real_fcntl(fd, command, &other);
    /* The wrapper repeats the call after every EINTR. */
    while (result == -1 && errno == EINTR && mutant("lock-interruption-hidden"))
        result = __real_fcntl(fd, command, &other);
    /* The peer treats a deadlock as an ordinary lock conflict, and waits. */
    if (result == -1 && errno == EDEADLK && mutant("deadlock-as-busy"))
        errno = EAGAIN;
    if (asks(command) && mutant("lock-owner-dropped"))
        other.l_pid = 0;
    *lock = other;
    return result;
}

int __wrap_flock(int fd, int operation) {
    /* The peer takes an fcntl(2) lock instead, as some C libraries do. */
    if (mutant("flock-as-record-lock")) {
        const int kind = operation & ~LOCK_NB;
        struct flock lock = {.l_type = kind == LOCK_EX ? F_WRLCK : kind == LOCK_SH ? F_RDLCK : F_UNLCK};
        return __real_fcntl(fd, operation & LOCK_NB ? F_SETLK : F_SETLKW, &lock);
    }
    /* The server ignores another server's lock on the log. */
    if (mutant("log-lock-ignored"))
        return 0;
    if (mutant("flock-always-exclusive") && operation & LOCK_SH)
        operation = (operation & ~LOCK_SH) | LOCK_EX;
    if (mutant("flock-waits"))
        operation &= ~LOCK_NB;
    int result = __real_flock(fd, operation);
    while (result == -1 && errno == EINTR && mutant("lock-interruption-hidden"))
        result = __real_flock(fd, operation);
    return result;
}
