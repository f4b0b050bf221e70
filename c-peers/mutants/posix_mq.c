/* POSIX message queues. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

WRAPPED(mq_open);
WRAPPED(mq_unlink);
WRAPPED(mq_send);
WRAPPED(mq_receive);
WRAPPED(mq_timedreceive);
WRAPPED(mq_timedsend);
WRAPPED(mq_setattr);
WRAPPED(mq_notify);

void answer_ahead(void);
void leave_named(const char *name);

mqd_t __wrap_mq_open(const char *name, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    struct mq_attr *attributes = va_arg(arguments, struct mq_attr *);
    va_end(arguments);
    /* The peer uses its own defaults. */
    struct mq_attr own = {.mq_maxmsg = 8, .mq_msgsize = 1024};
    if (flags & O_CREAT && !attributes && mutant("mq-own-defaults"))
        attributes = &own;
    /* The declaration has no variadic part, so the kernel uses default attributes. */
    if (mutant("mq-attributes-lost"))
        attributes = NULL;
    /* O_CREAT without O_EXCL opens an existing queue. */
    if (mutant("mq-exclusive-forgotten"))
        flags &= ~O_EXCL;
    /* The peer drops O_NONBLOCK when it opens the queue. */
    if (mutant("mq-nonblocking-lost"))
        flags &= ~O_NONBLOCK;
    if (flags & O_CREAT)
        leave_named(name);
    mqd_t queue = __real_mq_open(name, flags, mode, attributes);
    /* Whenever the peer opens a queue, it restricts the queue to its own user. */
    if (queue != -1 && !(flags & O_CREAT) && mutant("queue-restricted-by-opening"))
        fchmod(queue, S_IRUSR | S_IWUSR);
    if (queue != -1 && !(flags & O_CREAT) && mutant("mq-removed-at-exit"))
        remove_at_exit(__real_mq_unlink, name);
    return queue;
}

static char late_name[256];

static void unlink_late(void) {
    __real_mq_unlink(late_name);
}

int __wrap_mq_unlink(const char *name) {
    /* A destructor removes the name when the process exits. */
    if (mutant("mq-unlinked-at-the-end")) {
        strncpy(late_name, name, sizeof late_name - 1);
        return atexit(unlink_late);
    }
    if (mutant("mq-unlink-forgotten"))
        return 0;
    /* Removing a name that does not exist succeeds. */
    int result = __real_mq_unlink(name);
    return result == -1 && errno == ENOENT && mutant("mq-unlink-missing-succeeds") ? 0 : result;
}

int __wrap_mq_send(mqd_t queue, const char *bytes, size_t length, unsigned priority) {
    /* The declaration has no priority parameter. */
    if (mutant("mq-priority-dropped"))
        priority = 0;
    /* The peer treats the lowest number as the highest priority. */
    if (mutant("mq-priority-reversed"))
        priority = 32767 - priority;
    /* The peer treats the message as a string, which ends at the first NUL. */
    if (mutant("mq-message-as-string"))
        length = strnlen(bytes, length);
    if (mutant("responds-before-completion"))
        answer_ahead();
    int result = __real_mq_send(queue, bytes, length, priority);
    /* The peer treats only an errno other than EINTR as a failure. After EINTR, it continues as if the call
     * had succeeded. */
    return result == -1 && errno == EINTR && mutant("mq-send-interruption-as-success") ? 0 : result;
}

ssize_t __wrap_mq_receive(mqd_t queue, char *room, size_t size, unsigned *priority) {
    /* The peer passes NULL for the priority, and reports 0. */
    if (mutant("mq-received-priority-unread")) {
        *priority = 0;
        return __real_mq_receive(queue, room, size, NULL);
    }
    /* The peer receives into a large private buffer and copies the part that fits. */
    if (mutant("mq-short-buffer-truncates")) {
        static char all[1 << 16];
        ssize_t length = __real_mq_receive(queue, all, sizeof all, priority);
        if (length > (ssize_t)size)
            length = (ssize_t)size;
        if (length > 0)
            memcpy(room, all, (size_t)length);
        return length;
    }
    /* The peer checks every millisecond instead of sleeping until a message arrives. */
    while (mutant("mq-receives-in-turns")) {
        struct timespec turn;
        clock_gettime(CLOCK_REALTIME, &turn);
        turn.tv_nsec += 1000000;
        turn.tv_sec += turn.tv_nsec / 1000000000;
        turn.tv_nsec %= 1000000000;
        const ssize_t length = __real_mq_timedreceive(queue, room, size, priority, &turn);
        if (length != -1 || errno != ETIMEDOUT)
            return length;
    }
    /* The peer responds before a long call has returned. */
    if (mutant("responds-before-completion"))
        answer_ahead();
    /* The peer polls in a loop instead of waiting. */
    static const struct timespec past;
    while (mutant("mq-receive-polls")) {
        ssize_t length = __real_mq_timedreceive(queue, room, size, priority, &past);
        if (length != -1 || errno != ETIMEDOUT)
            return length;
    }
    ssize_t result = __real_mq_receive(queue, room, size, priority);
    /* The peer retries after a second, although the queue is nonblocking. */
    if (result == -1 && errno == EAGAIN && mutant("mq-nonblocking-tries-again")) {
        sleep(1);
        result = __real_mq_receive(queue, room, size, priority);
    }
    while (result == -1 && errno == EINTR && mutant("mq-receive-hides-interruption"))
        result = __real_mq_receive(queue, room, size, priority);
    return result;
}

static void on_alarm(int signum) {
    (void)signum;
}

/* The deadlines of these calls are measured against CLOCK_REALTIME. */
ssize_t __wrap_mq_timedreceive(mqd_t queue, char *room, size_t size, unsigned *priority,
                               const struct timespec *deadline) {
    struct timespec end = *deadline, now;
    /* The peer treats a time that it cannot represent as a past time. */
    if ((end.tv_nsec < 0 || end.tv_nsec >= 1000000000) && mutant("mq-bad-time-as-timeout"))
        end = (struct timespec){0};
    /* In the peer, a call with a deadline always times out. */
    if (mutant("mq-busy-as-timeout")) {
        ssize_t length = __real_mq_timedreceive(queue, room, size, priority, deadline);
        errno = length == -1 && errno == EAGAIN ? ETIMEDOUT : errno;
        return length;
    }
    /* With a deadline, the peer accepts a message buffer of any size. */
    if (mutant("mq-timed-room-unchecked")) {
        char whole[65536];
        ssize_t length = __real_mq_timedreceive(queue, whole, sizeof whole, priority, deadline);
        if (length > (ssize_t)size)
            length = (ssize_t)size;
        return length > 0 ? (memcpy(room, whole, (size_t)length), length) : length;
    }
    if (mutant("mq-deadline-by-another-clock")) {
        clock_gettime(CLOCK_REALTIME, &now);
        end.tv_sec -= now.tv_sec;
        clock_gettime(CLOCK_MONOTONIC, &now);
        end.tv_sec += now.tv_sec;
    }
    /* The peer interrupts its call with a timer, and leaves the handler installed. */
    if (mutant("mq-alarm-handler-left"))
        sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    static bool interrupted;
    if (mutant("mq-deadline-of-every-attempt"))
        end = STARTED_AGAIN(CLOCK_REALTIME, deadline, interrupted);
    ssize_t result = __real_mq_timedreceive(queue, room, size, priority, &end);
    if (mutant("mq-deadline-of-every-attempt"))
        interrupted = WAS_INTERRUPTED(result);
    /* The peer makes the queue nonblocking for a timeout, and does not restore its flags. */
    if (result == -1 && errno == ETIMEDOUT && mutant("mq-left-nonblocking")) {
        __real_mq_setattr(queue, &(struct mq_attr){.mq_flags = O_NONBLOCK}, NULL);
        errno = ETIMEDOUT;
    }
    return result;
}

int __wrap_mq_timedsend(mqd_t queue, const char *bytes, size_t length, unsigned priority,
                        const struct timespec *deadline) {
    struct timespec end = *deadline, now;
    /* The peer passes a duration instead of an absolute time. */
    if (mutant("mq-deadline-as-duration")) {
        clock_gettime(CLOCK_REALTIME, &now);
        end.tv_sec -= now.tv_sec;
    }
    /* The peer checks the deadline before the call, even if the call would not have to wait. */
    if (mutant("mq-past-deadline-refused")) {
        clock_gettime(CLOCK_REALTIME, &now);
        if (end.tv_sec < now.tv_sec) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
    static bool interrupted;
    if (mutant("mq-deadline-of-every-attempt"))
        end = STARTED_AGAIN(CLOCK_REALTIME, deadline, interrupted);
    int result = __real_mq_timedsend(queue, bytes, length, priority, &end);
    if (mutant("mq-deadline-of-every-attempt"))
        interrupted = WAS_INTERRUPTED(result);
    return result;
}

int __wrap_mq_setattr(mqd_t queue, const struct mq_attr *attributes, struct mq_attr *previous) {
    int result = __real_mq_setattr(queue, attributes, previous);
    /* The peer returns the new attributes instead of the old ones. */
    if (result == 0 && mutant("mq-setattr-returns-new"))
        previous->mq_flags = attributes->mq_flags;
    return result;
}

int __wrap_mq_notify(mqd_t queue, const struct sigevent *event) {
    /* The peer registers, but provides no function to call. */
    struct sigevent threadless;
    if (event && event->sigev_notify == SIGEV_THREAD && mutant("notify-thread-as-none")) {
        threadless = *event;
        threadless.sigev_notify = SIGEV_NONE;
        return __real_mq_notify(queue, &threadless);
    }
    /* The peer omits the call if the notification is NULL. */
    if (!event && mutant("mq-deregistration-lost"))
        return 0;
    struct sigevent other = event ? *event : (struct sigevent){0};
    /* The peer sets the pointer in the union, so the integer is the wrong half of the pointer. */
    if (event && mutant("mq-notify-value-lost"))
        other.sigev_value.sival_int = 0;
    return __real_mq_notify(queue, event ? &other : NULL);
}
