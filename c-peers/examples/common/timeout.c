/* The timeouts of the example programs. */
#include "example.h"

enum { SECOND = 1000000000, SHORTEST_PAUSE = 100000, LONGEST_PAUSE = 10000000 };

const struct timespec *remaining(struct timeout timeout, struct timespec *left) {
    if (!timeout.limited)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    left->tv_sec = timeout.deadline.tv_sec - now.tv_sec;
    left->tv_nsec = timeout.deadline.tv_nsec - now.tv_nsec;
    if (left->tv_nsec < 0) {
        left->tv_sec--;
        left->tv_nsec += SECOND;
    }
    if (left->tv_sec < 0)
        *left = (struct timespec){0};
    return left;
}

struct timespec realtime_deadline(struct timeout timeout) {
    struct timespec left = {0}, deadline;
    remaining(timeout, &left);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += left.tv_sec;
    deadline.tv_nsec += left.tv_nsec;
    if (deadline.tv_nsec >= SECOND) {
        deadline.tv_sec++;
        deadline.tv_nsec -= SECOND;
    }
    return deadline;
}

bool wait_for(int fd, short events, struct timeout timeout) {
    struct pollfd entry = {.fd = fd, .events = events};
    struct timespec left;
    int ready;
    do
        ready = ppoll(&entry, 1, remaining(timeout, &left), NULL);
    while (ready == -1 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

bool pause_for(struct timeout timeout, struct timespec *pause) {
    struct timespec left;
    if (remaining(timeout, &left) && left.tv_sec == 0 && left.tv_nsec == 0) {
        errno = ETIMEDOUT;
        return false;
    }
    pause->tv_nsec = pause->tv_nsec == 0              ? SHORTEST_PAUSE
                     : pause->tv_nsec < LONGEST_PAUSE ? 2 * pause->tv_nsec
                                                      : LONGEST_PAUSE;
    clock_nanosleep(CLOCK_MONOTONIC, 0, pause, NULL);
    return true;
}
