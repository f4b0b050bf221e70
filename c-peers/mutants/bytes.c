/* Pipes, FIFOs and other byte streams: read, write, close, and the flags of a descriptor. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

WRAPPED(pipe2);
WRAPPED(read);
WRAPPED(write);
WRAPPED(close);
WRAPPED(fcntl);
WRAPPED(ppoll);
WRAPPED(signal);
WRAPPED(mkfifo);
WRAPPED(open);
WRAPPED(unlink);

ssize_t answer_wrongly(int fd, const char *line, size_t count);

int __wrap_pipe2(int ends[2], int flags) {
    /* pipe(2), which has no flags: a program that is started meanwhile keeps the pipe open. */
    if (mutant("pipe-inherited"))
        flags &= ~O_CLOEXEC;
    int result = __real_pipe2(ends, flags);
    /* A pair is a pair: which end is which has to be looked up. */
    if (result == 0 && mutant("pipe-ends-exchanged")) {
        int reader = ends[0];
        ends[0] = ends[1];
        ends[1] = reader;
    }
    return result;
}

ssize_t __wrap_read(int fd, void *bytes, size_t count) {
    if (fd == STDIN_FILENO)
        return __real_read(fd, bytes, count);
    ssize_t result = __real_read(fd, bytes, count);
    /* Every call is retried after EINTR, so a signal never interrupts it. */
    while (result == -1 && errno == EINTR && mutant("read-hides-interruption"))
        result = __real_read(fd, bytes, count);
    /* The result of read(2) is only compared with -1: the peer treats the whole buffer as the message. */
    if (result > 0 && mutant("read-count-ignored"))
        return (ssize_t)count;
    /* A timer has expired, or it has not. */
    if (result == sizeof(uint64_t) && mutant("expirations-as-one") &&
        timerfd_gettime(fd, &(struct itimerspec){0}) == 0)
        *(uint64_t *)bytes = 1;
    /* 0 bytes are nothing yet, as in a socket library that the porter knew. */
    if (result == 0 && count > 0 && mutant("end-of-file-as-nothing-yet")) {
        errno = EAGAIN;
        return -1;
    }
    return result;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count) {
    if (fd == STDOUT_FILENO)
        return answer_wrongly(fd, bytes, count);
    /* A buffered stream splits a write in two: two calls are not atomic. */
    if (count > 1 && mutant("write-in-two-parts")) {
        ssize_t first = __real_write(fd, bytes, count / 2);
        ssize_t second =
            first == -1 ? -1 : __real_write(fd, (const char *)bytes + first, count - (size_t)first);
        return second == -1 ? first : first + second;
    }
    /* strlen(3) of the message, without the NUL that the other side needs. */
    if (count > 1 && mutant("write-without-nul") && ((const char *)bytes)[count - 1] == '\0')
        return __real_write(fd, bytes, count - 1) == -1 ? -1 : (ssize_t)count;
    /* A text ends with its NUL, so that one goes along. */
    if (mutant("write-with-nul-added"))
        count += count > 0 && ((const char *)bytes)[count] == '\0';
    /* A counter is an int. */
    uint64_t added = 0;
    if (count == sizeof added && mutant("counter-of-32-bits")) {
        added = *(const uint32_t *)bytes;
        bytes = &added;
    }
    ssize_t result = __real_write(fd, bytes, count);
    /* The peer treats a short write as a complete one. */
    if (result != -1 && mutant("short-write-as-whole"))
        return (ssize_t)count;
    /* errno is read after a line was logged; logging calls isatty, which sets it. */
    if (result == -1 && mutant("errno-read-too-late"))
        errno = ENOTTY;
    /* Interrupted is not failed. */
    if (result == -1 && errno == EINTR && mutant("write-interruption-as-success"))
        return (ssize_t)count;
    return result;
}

int __wrap_close(int fd) {
    /* The object is gone when its last reference is; the descriptor is not. */
    if (mutant("close-forgotten"))
        return 0;
    int result = __real_close(fd);
    /* The second close fails with EBADF, or closes an unrelated descriptor. */
    if (mutant("close-twice"))
        return __real_close(fd);
    return result;
}

int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int argument = va_arg(arguments, int);
    va_end(arguments);
    /* F_SETFL adds a flag, the name says: it replaces all of them. */
    if (command == F_SETFL && mutant("status-flags-replaced"))
        argument &= O_NONBLOCK;
    /* The requested capacity is reported, not the one that the kernel rounded it to. */
    int result = __real_fcntl(fd, command, argument);
    if (command == F_SETPIPE_SZ && result != -1 && mutant("capacity-as-asked"))
        return argument;
    return result;
}

int __wrap_ppoll(struct pollfd *entries, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    /* A timeout of 0 means no limit, as in some libraries. */
    if (timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0 && mutant("poll-zero-is-for-ever"))
        timeout = NULL;
    int result = __real_ppoll(entries, count, timeout, mask);
    /* Only requested events are checked: POLLHUP is reported without a request. */
    if (result == 1 && mutant("poll-masks-what-was-not-asked"))
        entries->revents &= entries->events;
    return result;
}

void (*__wrap_signal(int number, void (*handler)(int)))(int) {
    /* C# and Java do it for their programs, and so the porter never met the signal. */
    if (number == SIGPIPE && mutant("sigpipe-not-ignored"))
        return SIG_DFL;
    return __real_signal(number, handler);
}

int __wrap_mkfifo(const char *path, mode_t mode) {
    int result = __real_mkfifo(path, mode);
    /* The peer accepts any existing file at the path. */
    if (result == -1 && errno == EEXIST && mutant("fifo-exists-is-fine"))
        return 0;
    /* A FIFO gets the usual mode of a file, which is readable by all. */
    if (result == 0 && mutant("fifo-mode-of-a-file"))
        return chmod(path, 0644);
    return result;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    /* For reading and writing, an open never hangs: nor does it ever see the end of the file. */
    if (!(flags & (O_CREAT | O_DIRECTORY)) && mutant("fifo-opened-both-ways"))
        flags = (flags & ~O_ACCMODE) | O_RDWR;
    if (mutant("opened-to-be-inherited"))
        flags &= ~O_CLOEXEC;
    /* A variadic call: with another convention for it, the mode arrives as whatever was in the register. */
    if (flags & O_CREAT && mutant("open-mode-lost"))
        mode = 0;
    return __real_open(path, flags, mode);
}

int __wrap_unlink(const char *path) {
    /* It was closed, so it is gone: but a name stays. */
    if (mutant("unlink-forgotten"))
        return 0;
    return __real_unlink(path);
}
