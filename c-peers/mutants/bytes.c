/* Pipes, FIFOs and other byte streams: read, write, close, and descriptor flags. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

WRAPPED(pipe2);
WRAPPED(read);
WRAPPED(write);
WRAPPED(close);
WRAPPED(fcntl);
WRAPPED(preadv2);
WRAPPED(pwritev2);
WRAPPED(readv);
WRAPPED(writev);
WRAPPED(signal);
WRAPPED(mkfifo);
WRAPPED(lseek);
WRAPPED(open);
WRAPPED(unlink);

ssize_t answer_wrongly(int fd, const char *line, size_t count);

int __wrap_pipe2(int ends[2], int flags) {
    /* The peer calls pipe(2), which has no flags: a child process inherits the pipe and keeps it open. */
    if (mutant("pipe-inherited"))
        flags &= ~O_CLOEXEC;
    int result = __real_pipe2(ends, flags);
    /* The peer swaps the read and write ends. */
    if (result == 0 && mutant("pipe-ends-exchanged")) {
        int reader = ends[0];
        ends[0] = ends[1];
        ends[1] = reader;
    }
    return result;
}

static bool is_inotify(int fd) {
    char path[64], target[32] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, target, sizeof target - 1) > 0 && strcmp(target, "anon_inode:inotify") == 0;
}

/* Changes the events that were read from an inotify instance. */
static ssize_t wrong_events(unsigned char *bytes, ssize_t length) {
    /* The peer handles one event per read, and loses the others. */
    if (length > (ssize_t)sizeof(struct inotify_event) && mutant("one-change-a-read"))
        return (ssize_t)(sizeof(struct inotify_event) + ((const struct inotify_event *)bytes)->len);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= length;) {
        struct inotify_event *event = (struct inotify_event *)(bytes + at);
        if (mutant("move-cookie-unread"))
            event->cookie = 0;
        /* The peer has one kind of event for a name that appears. */
        if (event->mask & IN_MOVED_TO && mutant("moved-here-as-created"))
            event->mask = (event->mask & ~(uint32_t)IN_MOVED_TO) | IN_CREATE;
        /* The peer has one kind of event for a watched file whose path has become invalid. */
        if (event->mask & IN_MOVE_SELF && mutant("moved-itself-as-deleted"))
            event->mask = IN_DELETE_SELF;
        /* The peer looks up each event's watch, and skips events without one. IN_Q_OVERFLOW is the last
         * event. */
        if (event->wd == -1 && mutant("overflow-skipped"))
            return at;
        at += (ssize_t)(sizeof *event + event->len);
    }
    return length;
}

ssize_t __wrap_read(int fd, void *bytes, size_t count) {
    /* The peer keeps its own offset for each file. */
    static off_t own;
    if (mutant("offset-of-the-process") && __real_lseek(fd, 0, SEEK_CUR) != -1) {
        const ssize_t length = pread(fd, bytes, count, own);
        own += length > 0 ? length : 0;
        return length;
    }
    if (fd == STDIN_FILENO)
        return __real_read(fd, bytes, count);
    /* The peer reads one byte at a time, like getc(3) without a buffer. */
    if (count > 1 && mutant("read-one-by-one"))
        count = 1;
    ssize_t result = __real_read(fd, bytes, count);
    /* The size of the peer's buffer for events. */
    if (result > 0 && count == 1024 && is_inotify(fd))
        result = wrong_events(bytes, result);
    /* After a short read, the peer reads into the beginning of the same buffer again. */
    if (result > 0 && (size_t)result < count && mutant("first-piece-overwritten"))
        result = __real_read(fd, bytes, count);
    /* The peer retries every call after EINTR, so a signal never interrupts it. */
    while (result == -1 && errno == EINTR && mutant("read-hides-interruption"))
        result = __real_read(fd, bytes, count);
    /* The peer only compares the result of read(2) with -1, and treats the whole buffer as the message. */
    if (result > 0 && mutant("read-count-ignored"))
        return (ssize_t)count;
    /* The peer always reports one expiration. */
    if (result == sizeof(uint64_t) && mutant("expirations-as-one") &&
        timerfd_gettime(fd, &(struct itimerspec){0}) == 0)
        *(uint64_t *)bytes = 1;
    /* The peer treats a read of 0 bytes as "no data yet" instead of end of file. */
    if (result == 0 && count > 0 && mutant("end-of-file-as-nothing-yet")) {
        errno = EAGAIN;
        return -1;
    }
    return result;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count) {
    if (fd == STDOUT_FILENO)
        return answer_wrongly(fd, bytes, count);
    /* The peer blocks SIGPIPE for the write, and does not unblock it. */
    if (mutant("sigpipe-stays-blocked")) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        sigprocmask(SIG_BLOCK, &set, NULL);
    }
    /* A buffered stream splits a write in two: two calls are not atomic. */
    if (count > 1 && mutant("write-in-two-parts")) {
        ssize_t first = __real_write(fd, bytes, count / 2);
        ssize_t second =
            first == -1 ? -1 : __real_write(fd, (const char *)bytes + first, count - (size_t)first);
        return second == -1 ? first : first + second;
    }
    /* The peer writes one byte at a time, like putc(3) without a buffer. */
    if (count > 1 && mutant("write-one-by-one")) {
        size_t written = 0;
        while (written < count && __real_write(fd, (const char *)bytes + written, 1) == 1)
            written++;
        return written > 0 ? (ssize_t)written : -1;
    }
    /* The length is computed with strlen(3), without the NUL that the other side expects. */
    if (count > 1 && mutant("write-without-nul") && ((const char *)bytes)[count - 1] == '\0')
        return __real_write(fd, bytes, count - 1) == -1 ? -1 : (ssize_t)count;
    /* The peer also writes the NUL after the text. */
    if (mutant("write-with-nul-added"))
        count += count > 0 && ((const char *)bytes)[count] == '\0';
    /* The peer adds only the lower 32 bits to the counter. */
    uint64_t added = 0;
    if (count == sizeof added && mutant("counter-of-32-bits")) {
        added = *(const uint32_t *)bytes;
        bytes = &added;
    }
    /* After a short write, the program restarts at the beginning of its text. */
    static size_t written;
    if (mutant("rest-from-the-start"))
        bytes = (const char *)bytes - written;
    ssize_t result = __real_write(fd, bytes, count);
    if (result > 0)
        written = (size_t)result < count ? (size_t)result : 0;
    /* The peer treats a short write as a complete one. */
    if (result != -1 && mutant("short-write-as-whole"))
        return (ssize_t)count;
    /* The peer reads errno after logging a line. Logging calls isatty(3), which sets errno. */
    if (result == -1 && mutant("errno-read-too-late"))
        errno = ENOTTY;
    /* The peer removes every pending SIGPIPE after EPIPE, even one that the write did not raise. */
    sigset_t broken;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (result == -1 && errno == EPIPE && mutant("pending-sigpipe-removed")) {
        while (sigtimedwait(&broken, NULL, &(struct timespec){0}) != -1)
            ;
        errno = EPIPE;
    }
    /* The peer blocks SIGPIPE for the write, and does not unblock it after a failure. */
    if (result == -1 && errno == EPIPE && mutant("sigpipe-left-blocked"))
        sigprocmask(SIG_BLOCK, &broken, NULL);
    /* The peer treats an interrupted write as successful. */
    if (result == -1 && errno == EINTR && mutant("write-interruption-as-success"))
        return (ssize_t)count;
    return result;
}

static bool is_reading_end(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
           (__real_fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

int __wrap_close(int fd) {
    /* The parent does not close the read end, because only its child reads. */
    if (mutant("parent-keeps-reading-end") && is_reading_end(fd))
        return 0;
    /* The runtime releases the object but does not close its descriptor. */
    if (mutant("close-forgotten"))
        return 0;
    int result = __real_close(fd);
    /* The peer repeats close(2) after EINTR, like every other call. */
    while (result == -1 && errno == EINTR && mutant("close-repeated"))
        result = __real_close(fd);
    /* The second close fails with EBADF, or closes an unrelated descriptor. */
    if (mutant("close-twice"))
        return __real_close(fd);
    return result;
}

int lock_record(int fd, int command, struct flock *lock); /* locks.c */

static bool locks(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_GETLK || command == F_OFD_SETLK ||
           command == F_OFD_SETLKW || command == F_OFD_GETLK;
}

int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    struct flock *lock = locks(command) ? va_arg(arguments, struct flock *) : NULL;
    int argument = lock ? 0 : va_arg(arguments, int);
    va_end(arguments);
    if (lock)
        return lock_record(fd, command, lock);
    /* The peer does not pass the seals to the kernel, and reports success. */
    if (command == F_ADD_SEALS && mutant("seal-forgotten"))
        return 0;
    /* F_SETFL replaces all flags; the peer expects it to add one. */
    if (command == F_SETFL && mutant("status-flags-replaced"))
        argument &= O_NONBLOCK;
    /* The peer opens the file again, so the duplicate has its own offset and flags. */
    if (command == F_DUPFD_CLOEXEC && mutant("duplicate-reopened")) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int again = __real_open(path, __real_fcntl(fd, F_GETFL) | O_CLOEXEC);
        if (again != -1) {
            int moved = __real_fcntl(again, command, argument);
            __real_close(again);
            return moved;
        }
    }
    /* The peer reports the requested capacity instead of the one that the kernel rounded up to. */
    int result = __real_fcntl(fd, command, argument);
    if (command == F_SETPIPE_SZ && result != -1 && mutant("capacity-as-requested"))
        return argument;
    return result;
}

/* The peer sets O_NONBLOCK for a nonblocking transfer. Every process that shares the open file description
 * sees the flag. */
static void leave_nonblocking(int fd) {
    int error = errno;
    __real_fcntl(fd, F_SETFL, __real_fcntl(fd, F_GETFL) | O_NONBLOCK);
    errno = error;
}

ssize_t __wrap_preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
    /* After a hang-up, the peer stops reading, and reports end of file. */
    struct pollfd entry = {.fd = fd};
    if (mutant("hang-up-as-end-of-file") && poll(&entry, 1, 0) == 1 && entry.revents & POLLHUP)
        return 0;
    if (mutant("read-leaves-nonblocking"))
        leave_nonblocking(fd);
    return __real_preadv2(fd, parts, count, offset, flags);
}

ssize_t __wrap_pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
    if (mutant("write-leaves-nonblocking"))
        leave_nonblocking(fd);
    return __real_pwritev2(fd, parts, count, offset, flags);
}

void (*__wrap_signal(int number, void (*handler)(int)))(int) {
    /* Some runtimes, such as those of C# and Java, ignore SIGPIPE. A port to another language must do
     * this explicitly. */
    if (number == SIGPIPE && mutant("sigpipe-not-ignored"))
        return SIG_DFL;
    return __real_signal(number, handler);
}

/* The peer copies the path into a buffer of 256 bytes. */
static const char *shortened(const char *path) {
    static char buffer[256];
    return strncpy(buffer, path, sizeof buffer - 1);
}

int __wrap_mkfifo(const char *path, mode_t mode) {
    if (mutant("path-of-255-bytes"))
        path = shortened(path);
    int result = __real_mkfifo(path, mode);
    /* The peer accepts any existing file at the path. */
    if (result == -1 && errno == EEXIST && mutant("fifo-existing-accepted"))
        return 0;
    /* The FIFO gets a regular file's usual mode, so all users can read it. */
    if (result == 0 && mutant("fifo-mode-of-a-file"))
        return chmod(path, 0644);
    return result;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    /* The peer opens the FIFO for reading and writing. Such an open never blocks, and a read never
     * returns end of file. */
    if (!(flags & (O_CREAT | O_DIRECTORY)) && mutant("fifo-opened-both-ways"))
        flags = (flags & ~O_ACCMODE) | O_RDWR;
    /* The peer seeks to the end when it opens the file, so the seek and later writes are not atomic. */
    const bool seeks = flags & O_APPEND && mutant("append-by-seeking");
    flags &= seeks ? ~O_APPEND : ~0;
    if (flags & O_APPEND && mutant("appended-file-opened-both-ways"))
        flags = (flags & ~O_ACCMODE) | O_RDWR;
    if (mutant("opened-inheritable"))
        flags &= ~O_CLOEXEC;
    /* open(2) is variadic. With the wrong calling convention, the mode is an arbitrary register value. */
    if (flags & O_CREAT && mutant("open-mode-lost"))
        mode = 0;
    int fd = __real_open(path, flags, mode);
    if (seeks)
        __real_lseek(fd, 0, SEEK_END);
    /* Whenever the peer opens a FIFO, it restricts the FIFO to its own user. */
    if (fd != -1 && !(flags & (O_CREAT | O_DIRECTORY)) && mutant("fifo-restricted-by-opening"))
        fchmod(fd, S_IRUSR | S_IWUSR);
    /* The peer opens the FIFO without blocking, and then always clears O_NONBLOCK. */
    if (fd != -1 && flags & O_NONBLOCK && mutant("fifo-opened-blocking"))
        __real_fcntl(fd, F_SETFL, __real_fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    if (fd != -1 && !(flags & (O_CREAT | O_DIRECTORY)) && mutant("opened-path-removed-at-exit"))
        remove_at_exit(__real_unlink, path);
    return fd;
}

static char late_path[256];

static void unlink_late(void) {
    __real_unlink(late_path);
}

int __wrap_unlink(const char *path) {
    struct stat status;
    bool exists = lstat(path, &status) == 0;
    /* The peer assumes that it created a file if the file has the expected type. */
    if (exists && S_ISSOCK(status.st_mode) && mutant("socket-unlink-forgotten"))
        return 0;
    if (exists && S_ISREG(status.st_mode) && mutant("file-unlink-forgotten"))
        return 0;
    /* A destructor removes the name when the process exits. */
    if (mutant("unlinked-at-the-end")) {
        strncpy(late_path, path, sizeof late_path - 1);
        return atexit(unlink_late);
    }
    /* The peer closes the object but does not unlink its name. */
    if (mutant("unlink-forgotten"))
        return 0;
    return __real_unlink(path);
}

/* The peer writes the parts one at a time, so another writer can write between them. */
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count) {
    /* The peer's array holds only 16 parts. */
    if (count > 16 && mutant("parts-of-a-fixed-array"))
        count = 16;
    /* The peer passes as many parts as the call accepts, and reports success. */
    if (count > IOV_MAX && mutant("parts-clamped"))
        count = IOV_MAX;
    /* An empty part ends the list. */
    for (int i = 0; i < count && mutant("parts-end-at-an-empty-one"); i++)
        if (parts[i].iov_len == 0)
            count = i;
    if (!mutant("parts-written-separately"))
        return __real_writev(fd, parts, count);
    ssize_t sent = 0;
    for (int i = 0; i < count; i++) {
        ssize_t length = __real_write(fd, parts[i].iov_base, parts[i].iov_len);
        if (length == -1)
            return sent > 0 ? sent : -1;
        sent += length;
    }
    return sent;
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count) {
    /* The peer reads only into the first part. */
    if (mutant("first-part-only"))
        count = 1;
    /* The peer fills the parts from the last to the first. */
    struct iovec reversed[IOV_MAX];
    if (count > 2 && count <= IOV_MAX && mutant("parts-reversed")) {
        for (int i = 0; i < count; i++)
            reversed[i] = parts[count - 1 - i];
        parts = reversed;
    }
    return __real_readv(fd, parts, count);
}

off_t __wrap_lseek(int fd, off_t offset, int whence) {
    if (mutant("seek-of-32-bits"))
        offset = (int)offset;
    /* The peer supports only offsets from the beginning. */
    if (whence == SEEK_END && mutant("seek-from-the-beginning"))
        whence = SEEK_SET;
    return __real_lseek(fd, offset, whence);
}
