/* Defects in timeouts and deadlines. */
#include "mutant.h"

#include "../peer/peer.h"

#include <errno.h>
#include <stdbool.h>

WRAPPED(peer_timeout);
WRAPPED(peer_optional_timeout);
WRAPPED(peer_retry);
WRAPPED(peer_time_after);
WRAPPED(peer_time_left);
WRAPPED(peer_remaining);
WRAPPED(peer_pause_before);

static struct timespec span; /* the timeout of the current operation */

static struct timespec tenth(struct timespec time) {
    return (struct timespec){time.tv_sec / 10, time.tv_sec % 10 * 100000000 + time.tv_nsec / 10};
}

static struct timespec narrowed(struct timespec deadline) {
    /* time_t has 32 bits. */
    if (mutant("deadline-of-32-bits"))
        deadline.tv_sec = (int32_t)deadline.tv_sec;
    return deadline;
}

static struct timeout begun(struct timeout wait) {
    span = __real_peer_time_left(wait.deadline);
    wait.deadline = narrowed(wait.deadline);
    /* The peer waits for a tenth of the time. */
    if (mutant("timeout-in-tenths"))
        wait.deadline = __real_peer_time_after(CLOCK_MONOTONIC, tenth(span));
    return wait;
}

struct timeout __wrap_peer_timeout(struct call *call) {
    return begun(__real_peer_timeout(call));
}

struct timeout __wrap_peer_optional_timeout(struct call *call) {
    return begun(__real_peer_optional_timeout(call));
}

bool __wrap_peer_retry(const struct timeout *wait, ssize_t result) {
    bool again = __real_peer_retry(wait, result);
    if (mutant("deadline-of-every-attempt") && wait->retry && !wait->never && signals_come())
        again = true;
    /* The peer computes a new deadline for each attempt. */
    if (again && mutant("deadline-of-every-attempt"))
        ((struct timeout *)wait)->deadline = __real_peer_time_after(CLOCK_MONOTONIC, span);
    return again;
}

struct timespec __wrap_peer_time_after(clockid_t clock, struct timespec time) {
    /* The peer's deadline passes after a tenth of the time. */
    if (time.tv_sec >= 0 && mutant("deadline-in-tenths"))
        time = tenth(time);
    struct timespec now;
    /* The peer adds the nanoseconds of both times without a carry, so most calls fail with EINVAL. */
    if (mutant("nanoseconds-not-carried")) {
        clock_gettime(clock, &now);
        return (struct timespec){now.tv_sec + time.tv_sec, now.tv_nsec + time.tv_nsec};
    }
    /* The sum is a 64-bit number of nanoseconds, which overflows after 292 years. */
    if (mutant("deadline-overflows")) {
        clock_gettime(clock, &now);
        const uint64_t sum = ((uint64_t)now.tv_sec + (uint64_t)time.tv_sec) * 1000000000 +
                             (uint64_t)now.tv_nsec + (uint64_t)time.tv_nsec;
        return (struct timespec){(int64_t)sum / 1000000000, (long)(sum % 1000000000)};
    }
    return narrowed(__real_peer_time_after(clock, time));
}

struct timespec __wrap_peer_time_left(struct timespec deadline) {
    static struct timespec last, first;
    const bool repeated = last.tv_sec == deadline.tv_sec && last.tv_nsec == deadline.tv_nsec;
    struct timespec left = __real_peer_time_left(deadline);
    if (!repeated)
        first = left;
    last = deadline;
    /* The peer gives each wait in an operation the whole timeout. */
    return repeated && mutant("timeout-of-every-wait") ? first : left;
}

const struct timespec *__wrap_peer_remaining(struct timeout *wait) {
    const struct timespec *left = __real_peer_remaining(wait);
    if (left)
        wait->left = __wrap_peer_time_left(wait->deadline);
    return left;
}

bool __wrap_peer_pause_before(const struct timespec *deadline, struct timespec *backoff) {
    static struct timespec last, whole;
    /* The peer gives up after the first attempt. */
    if (deadline && mutant("one-attempt-only")) {
        errno = ETIMEDOUT;
        return false;
    }
    if (deadline && (last.tv_sec != deadline->tv_sec || last.tv_nsec != deadline->tv_nsec)) {
        last = *deadline;
        whole = __real_peer_time_left(*deadline);
    }
    struct timespec moved = __real_peer_time_after(CLOCK_MONOTONIC, whole);
    /* After a signal, the peer restarts its pause, which ends only if it is shorter than the signals'
     * interval. */
    if (deadline && mutant("pause-starts-again") && signals_come())
        deadline = &moved;
    return __real_peer_pause_before(deadline, backoff);
}
