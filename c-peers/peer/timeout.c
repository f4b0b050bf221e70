/* Timeouts: a wait that continues after an interruption waits only for the remaining time. */
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

/* Returns the current time of the clock plus `span`. */
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

/* Returns the time until a CLOCK_MONOTONIC deadline; 0 if it has passed. */
struct timespec peer_time_left(struct timespec deadline) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = difference(deadline, now);
    return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* Sleeps between attempts at a nonblocking call, longer each time. Returns false, with errno, if the deadline
 * (NULL: none) has passed or a signal arrived. */
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

/* Reads `timeout`, where a negative value means no limit, and `eintr`. */
struct timeout peer_timeout(struct call *call) {
    struct timespec timeout = peer_seconds(call, "timeout");
    struct timeout wait = {.never = timeout.tv_sec < 0, .retry = peer_retries(call)};
    wait.deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    return wait;
}

/* Reads `timeout`, which may be missing, and `eintr`. A negative timeout has already passed. */
struct timeout peer_optional_timeout(struct call *call) {
    struct timeout wait = {.never = !peer_has(call, "timeout"), .retry = peer_retries(call)};
    if (!wait.never)
        wait.deadline = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "timeout"));
    return wait;
}

/* Returns the deadline; NULL if there is none. */
const struct timespec *peer_deadline(const struct timeout *wait) {
    return wait->never ? NULL : &wait->deadline;
}

/* Returns the remaining time, for ppoll(2) and similar calls: NULL for no limit. */
const struct timespec *peer_remaining(struct timeout *wait) {
    wait->left = peer_time_left(wait->deadline);
    return wait->never ? NULL : &wait->left;
}

bool peer_retry(const struct timeout *wait, ssize_t result) {
    return result == -1 && errno == EINTR && wait->retry;
}
