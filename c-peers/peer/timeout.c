/* Deadlines: a wait that begins again after an interruption must not begin its time again. */
#include "peer.h"

#include <errno.h>

enum { SECOND = 1000000000, LONGEST_PAUSE = 10000000 };
const struct timespec peer_first_backoff = {.tv_nsec = 100000};

static struct timespec difference(struct timespec end, struct timespec begin) {
    struct timespec span = {end.tv_sec - begin.tv_sec, end.tv_nsec - begin.tv_nsec};
    if (span.tv_nsec < 0) {
        span.tv_sec--;
        span.tv_nsec += SECOND;
    }
    return span;
}

/* The present time of the clock, and `span` more. */
struct timespec peer_time_after(clockid_t clock, struct timespec span) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_sec += span.tv_sec;
    time.tv_nsec += span.tv_nsec;
    if (time.tv_nsec >= SECOND) {
        time.tv_sec++;
        time.tv_nsec -= SECOND;
    }
    return time;
}

/* How long it is to a time of CLOCK_MONOTONIC; 0 when it is over. */
struct timespec peer_time_left(struct timespec deadline) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = difference(deadline, now);
    return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* For what the kernel gives no call to wait for: sleeps a little, longer each time. False, with errno, when
 * the deadline is over (NULL is none) or a signal came. */
bool peer_pause_before(const struct timespec *deadline, struct timespec *backoff) {
    struct timespec pause = *backoff;
    if (deadline) {
        struct timespec left = peer_time_left(*deadline);
        if (left.tv_sec == 0 && left.tv_nsec == 0) {
            errno = ETIMEDOUT;
            return false;
        }
        if (left.tv_sec == 0 && left.tv_nsec < pause.tv_nsec)
            pause = left;
    }
    errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    if (backoff->tv_nsec < LONGEST_PAUSE)
        backoff->tv_nsec *= 2;
    return errno == 0;
}

/* `timeout`, negative for ever, and `eintr`. */
struct timeout peer_timeout(struct call *call) {
    struct timespec timeout = peer_seconds(call, "timeout");
    struct timeout wait = {.never = timeout.tv_sec < 0, .retry = peer_retries(call)};
    wait.deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    return wait;
}

/* The same where `timeout` may be missing, which is for ever; a negative one is over. */
struct timeout peer_optional_timeout(struct call *call) {
    struct timeout wait = {.never = !peer_has(call, "timeout"), .retry = peer_retries(call)};
    if (!wait.never)
        wait.deadline = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "timeout"));
    return wait;
}

/* When it ends; NULL is never. */
const struct timespec *peer_deadline(const struct timeout *wait) {
    return wait->never ? NULL : &wait->deadline;
}

/* What is left of it, as ppoll(2) and its like take it: NULL is for ever. */
const struct timespec *peer_remaining(struct timeout *wait) {
    wait->left = peer_time_left(wait->deadline);
    return wait->never ? NULL : &wait->left;
}

bool peer_retry(const struct timeout *wait, ssize_t result) {
    return result == -1 && errno == EINTR && wait->retry;
}
