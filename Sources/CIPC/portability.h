// Declarations that are missing from musl, or from the headers of an older kernel or C library.
#ifndef CIPC_PORTABILITY_H
#define CIPC_PORTABILITY_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE // Linux 5.14
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MSG_COPY // Linux 3.8
#define MSG_COPY 040000
#endif
#ifndef RWF_NOWAIT // Linux 4.14
#define RWF_NOWAIT 0x8
#endif
#ifndef RWF_NOSIGNAL // Linux 6.18
#define RWF_NOSIGNAL 0x100
#endif
#ifndef SYS_futex_waitv // Linux 5.16
#define SYS_futex_waitv 449
#endif

#ifndef __GLIBC__
// Converts a CLOCK_MONOTONIC time to the corresponding CLOCK_REALTIME time. musl has no call that waits for a
// mutex or semaphore until a CLOCK_MONOTONIC deadline. With musl, setting the system clock therefore changes
// the length of such a wait.
static inline struct timespec cipc_real_time_of(int64_t seconds, long nanoseconds) {
    struct timespec monotonic, real;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &real);
    real.tv_sec += seconds - monotonic.tv_sec;
    real.tv_nsec += nanoseconds - monotonic.tv_nsec;
    if (real.tv_nsec >= 1000000000) {
        real.tv_nsec -= 1000000000;
        real.tv_sec++;
    } else if (real.tv_nsec < 0) {
        real.tv_nsec += 1000000000;
        real.tv_sec--;
    }
    return real;
}
#endif

#endif
