#include "cipc_queue.h"

#include "portability.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CIPC_FUTEX_MOST == FUTEX_WAITV_MAX, "limit");
_Static_assert(sizeof(struct cipc_futex_waiter) == sizeof(struct futex_waitv), "layout");
_Static_assert(offsetof(struct cipc_futex_waiter, address) == offsetof(struct futex_waitv, uaddr), "layout");
_Static_assert(offsetof(struct cipc_futex_waiter, flags) == offsetof(struct futex_waitv, flags), "layout");

struct cipc_futex_waiter cipc_futex_waiter(const void *word, uint32_t expected) {
    return (struct cipc_futex_waiter){.expected = expected, .address = (uintptr_t)word, .flags = FUTEX_32};
}

int cipc_futex_wait_any(const struct cipc_futex_waiter *waiters, unsigned count, int64_t deadline) {
    // The kernel reads 64-bit numbers even on 32-bit machines.
    const int64_t time[2] = {deadline / 1000000000, deadline % 1000000000};
    return (int)syscall(SYS_futex_waitv, waiters, count, 0, deadline < 0 ? NULL : time, CLOCK_MONOTONIC);
}

// The kernel's data for this thread: its ID, and the list of robust futexes that the C library registered.
// The data is cached, because reading it takes two system calls.
static _Thread_local struct {
    uint32_t number;
    struct robust_list_head *robust;
    uint32_t failed_spins;
} self;

static void forget(void) {
    self.number = 0;
}

// After fork(2), the child's thread has a different ID.
static void forget_in_children(void) {
    pthread_atfork(NULL, NULL, forget);
}

// musl registers a thread's list when the thread first locks a robust, shared mutex.
static void register_thread(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(&mutex, &attributes) == 0 && pthread_mutex_lock(&mutex) == 0)
        pthread_mutex_unlock(&mutex);
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_destroy(&attributes);
}

static int know(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t size;
    pthread_once(&once, forget_in_children);
    if (syscall(SYS_get_robust_list, 0, &self.robust, &size) == -1)
        return -1;
    if (!self.robust) {
        register_thread();
        if (syscall(SYS_get_robust_list, 0, &self.robust, &size) == -1)
            return -1;
    }
    if (!self.robust) {
        errno = ENOTSUP;
        return -1;
    }
    self.number = (uint32_t)syscall(SYS_gettid);
    return 0;
}

uint32_t cipc_robust_begin(const void *lock) {
    if (self.number == 0 && know() == -1)
        return 0;
    if (self.robust->list_op_pending) {
        errno = EDEADLK;
        return 0;
    }
    *(void *volatile *)&self.robust->list_op_pending = (char *)lock - self.robust->futex_offset;
    return self.number;
}

void cipc_robust_end(void) {
    *(void *volatile *)&self.robust->list_op_pending = NULL;
}

uint32_t cipc_failed_spins(void) {
    return self.failed_spins;
}

void cipc_set_failed_spins(uint32_t count) {
    self.failed_spins = count;
}
