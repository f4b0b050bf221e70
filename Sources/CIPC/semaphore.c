#include "cipc_semaphore.h"

#include "portability.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
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

static _Atomic(sem_t *) posted[NSIG];
// The number of threads in the handler.
static atomic_int running[NSIG];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// The sequence numbers of the newest registrations, protected by the lock.
static int newest[NSIG];

static void post(int signal) {
    int before = errno;
    atomic_fetch_add(&running[signal], 1);
    sem_t *semaphore = atomic_load(&posted[signal]);
    if (semaphore != NULL)
        sem_post(semaphore);
    atomic_fetch_sub(&running[signal], 1);
    errno = before;
}

// Blocks all signals, so that no handler in this thread can wait for the lock.
static void acquire(sigset_t *before) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    pthread_mutex_lock(&lock);
}

static void release(const sigset_t *before) {
    int error = errno;
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, before, NULL);
    errno = error;
}

int cipc_sem_post_on_signal(void *semaphore, int signal) {
    if (signal < 1 || signal >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction action = {.sa_handler = post, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigset_t before;
    acquire(&before);
    sem_t *previous = atomic_exchange(&posted[signal], semaphore);
    int number = -1;
    // The call fails only for a signal that cannot be handled, so no handler uses the semaphore.
    if (sigaction(signal, &action, NULL) == 0)
        number = newest[signal] = newest[signal] % INT_MAX + 1;
    else
        atomic_store(&posted[signal], previous);
    release(&before);
    return number;
}

int cipc_sem_stop_posting(int signal, int number) {
    sigset_t before;
    acquire(&before);
    int result = 0;
    if (number == newest[signal]) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigemptyset(&action.sa_mask);
        result = sigaction(signal, &action, NULL);
        atomic_store(&posted[signal], NULL);
    }
    // Another thread may be in the handler, and may use the semaphore, which the caller will unmap.
    while (atomic_load(&running[signal]) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000}, NULL);
    release(&before);
    return result;
}
