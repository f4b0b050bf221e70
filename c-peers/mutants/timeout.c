/* Deadlines that the peer computes. */
#include "mutant.h"

#include "../peer/peer.h"

WRAPPED(peer_time_after);

struct timespec __wrap_peer_time_after(clockid_t clock, struct timespec span) {
    struct timespec now;
    /* The nanoseconds of both times are added without a carry, which is EINVAL for most calls. */
    if (mutant("nanoseconds-not-carried")) {
        clock_gettime(clock, &now);
        return (struct timespec){now.tv_sec + span.tv_sec, now.tv_nsec + span.tv_nsec};
    }
    /* The sum is computed in nanoseconds of 64 bits, which overflow after 292 years. */
    if (mutant("deadline-overflows")) {
        clock_gettime(clock, &now);
        const uint64_t sum = ((uint64_t)now.tv_sec + (uint64_t)span.tv_sec) * 1000000000 +
                             (uint64_t)now.tv_nsec + (uint64_t)span.tv_nsec;
        return (struct timespec){(int64_t)sum / 1000000000, (long)(sum % 1000000000)};
    }
    struct timespec end = __real_peer_time_after(clock, span);
    /* time_t has 32 bits. */
    if (mutant("deadline-of-32-bits"))
        end.tv_sec = (int32_t)end.tv_sec;
    return end;
}
