/* Timeouts: how long an operation may wait, and whether it continues after a signal. */
#ifndef TIMEOUT_H
#define TIMEOUT_H

#include "call.h"

struct timespec peer_time_after(clockid_t, struct timespec span);
struct timespec peer_time_left(struct timespec deadline);
bool peer_pause_before(const struct timespec *deadline, struct timespec *backoff);
extern const struct timespec peer_first_backoff;

/* A timeout is stored as a deadline, so a wait that continues after an interruption has only the
 * remaining time. */
struct timeout {
    bool never, retry;
    struct timespec deadline, left;
};
struct timeout peer_timeout(struct call *);
struct timeout peer_optional_timeout(struct call *);
const struct timespec *peer_deadline(const struct timeout *);
const struct timespec *peer_remaining(struct timeout *);
bool peer_retry(const struct timeout *, ssize_t result);

#endif
