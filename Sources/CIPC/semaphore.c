#include "cipc_semaphore.h"

#include "portability.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <time.h>

int cipc_sem_wait_until(void *semaphore, int64_t seconds, long nanoseconds) {
#ifdef __GLIBC__
    struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline);
#else
    struct timespec deadline = cipc_real_time_of(seconds, nanoseconds);
    return sem_timedwait(semaphore, &deadline);
#endif
}

int cipc_is_mapped_from(const void *address, uint64_t device, uint64_t inode) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return -1;
    char *line = NULL;
    size_t room = 0;
    int found = 0;
    while (getline(&line, &room, maps) != -1) {
        uintptr_t start, end;
        unsigned major, minor;
        uint64_t mapped;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %x:%x %" SCNu64, &start, &end, &major, &minor,
                   &mapped) == 5 &&
            (uintptr_t)address - start < end - start) {
            found = makedev(major, minor) == device && mapped == inode;
            break;
        }
    }
    free(line);
    fclose(maps);
    return found;
}

static sem_t *volatile posted[NSIG];
static atomic_int newest[NSIG];

static void post(int signal) {
    int before = errno;
    sem_post(posted[signal]);
    errno = before;
}

int cipc_sem_post_on_signal(void *semaphore, int signal) {
    if (signal < 1 || signal >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction action = {.sa_handler = post, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sem_t *previous = posted[signal];
    posted[signal] = semaphore;
    if (sigaction(signal, &action, NULL) == -1) {
        posted[signal] = previous;
        return -1;
    }
    return ++newest[signal];
}

int cipc_sem_stop_posting(int signal, int number) {
    if (number != newest[signal])
        return 0;
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    return sigaction(signal, &action, NULL);
}
