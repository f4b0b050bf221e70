/* Process-shared read-write locks and barriers. A request identifies them by their memory and offset. */
#include "peer.h"

#include <pthread.h>

/* pthread functions return the error number. */
static void check(struct call *call, int error) {
    if (error != 0)
        peer_fail(call, error);
}

static pthread_rwlock_t *find_lock(struct call *call) {
    return peer_memory_at(call, "memory", "at", sizeof(pthread_rwlock_t));
}

static pthread_barrier_t *find_barrier(struct call *call) {
    return peer_memory_at(call, "memory", "at", sizeof(pthread_barrier_t));
}

static void perform_init(struct call *call) {
    pthread_rwlock_t *made = find_lock(call);
    pthread_rwlockattr_t attributes;
    if (call->outcome != OK)
        return;
    pthread_rwlockattr_init(&attributes);
    int error = pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_rwlock_init(made, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    check(call, error);
}

/* Calls a function whose only argument is the lock. */
static void perform_plain(struct call *call, int (*function)(pthread_rwlock_t *)) {
    pthread_rwlock_t *lock = find_lock(call);
    if (call->outcome == OK)
        check(call, function(lock));
}

static void perform_destroy(struct call *call) {
    perform_plain(call, pthread_rwlock_destroy);
}

static void perform_rdlock(struct call *call) {
    perform_plain(call, pthread_rwlock_rdlock);
}

static void perform_wrlock(struct call *call) {
    perform_plain(call, pthread_rwlock_wrlock);
}

static void perform_tryrdlock(struct call *call) {
    perform_plain(call, pthread_rwlock_tryrdlock);
}

static void perform_trywrlock(struct call *call) {
    perform_plain(call, pthread_rwlock_trywrlock);
}

static void perform_unlock(struct call *call) {
    perform_plain(call, pthread_rwlock_unlock);
}

static void perform_timed(struct call *call, int (*function)(pthread_rwlock_t *, const struct timespec *)) {
    pthread_rwlock_t *lock = find_lock(call);
    struct timespec end = peer_time_after(CLOCK_REALTIME, peer_seconds(call, "abs_timeout"));
    peer_replace_nanoseconds(call, &end);
    if (call->outcome == OK)
        check(call, function(lock, &end));
}

static void perform_timedrdlock(struct call *call) {
    perform_timed(call, pthread_rwlock_timedrdlock);
}

static void perform_timedwrlock(struct call *call) {
    perform_timed(call, pthread_rwlock_timedwrlock);
}

#ifndef PEER_LACKS_CLOCK_WAITS
static void perform_clock(struct call *call,
                          int (*function)(pthread_rwlock_t *, clockid_t, const struct timespec *)) {
    pthread_rwlock_t *lock = find_lock(call);
    struct timespec end = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "abs_timeout"));
    if (call->outcome == OK)
        check(call, function(lock, CLOCK_MONOTONIC, &end));
}

static void perform_clockrdlock(struct call *call) {
    perform_clock(call, pthread_rwlock_clockrdlock);
}

static void perform_clockwrlock(struct call *call) {
    perform_clock(call, pthread_rwlock_clockwrlock);
}
#endif

/* Increments two numbers that only the lock protects, and compares them under a shared lock. `volatile`
 * separates the loads from the stores, which makes a race visible. */
static void perform_rwlock_and_count(struct call *call) {
    pthread_rwlock_t *lock = find_lock(call);
    volatile uint64_t *counters = peer_memory_at(call, "memory", "counter", 2 * sizeof *counters);
    long long count = peer_number(call, "count", 0, INT64_MAX), torn = 0;
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        peer_set_failed_call("pthread_rwlock_wrlock");
        check(call, pthread_rwlock_wrlock(lock));
        if (call->outcome != OK)
            return;
        counters[0] = counters[0] + 1;
        counters[1] = counters[1] + 1;
        peer_set_failed_call("pthread_rwlock_unlock");
        check(call, pthread_rwlock_unlock(lock));
        peer_set_failed_call("pthread_rwlock_rdlock");
        if (call->outcome == OK)
            check(call, pthread_rwlock_rdlock(lock));
        if (call->outcome != OK)
            return;
        torn += counters[0] != counters[1];
        peer_set_failed_call("pthread_rwlock_unlock");
        check(call, pthread_rwlock_unlock(lock));
    }
    if (call->outcome != OK)
        return;
    peer_reply(call, "return", "%lld", count);
    peer_reply(call, "torn", "%lld", torn);
}

static void perform_barrier_init(struct call *call) {
    pthread_barrier_t *made = find_barrier(call);
    unsigned count = (unsigned)peer_number(call, "count", 0, UINT32_MAX);
    pthread_barrierattr_t attributes;
    if (call->outcome != OK)
        return;
    pthread_barrierattr_init(&attributes);
    int error = pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_barrier_init(made, &attributes, count);
    pthread_barrierattr_destroy(&attributes);
    check(call, error);
}

static void perform_barrier_destroy(struct call *call) {
    pthread_barrier_t *ended = find_barrier(call);
    if (call->outcome == OK)
        check(call, pthread_barrier_destroy(ended));
}

/* Waits once. Returns whether the call returned PTHREAD_BARRIER_SERIAL_THREAD. */
static bool wait_at(struct call *call, pthread_barrier_t *barrier) {
    peer_set_failed_call("pthread_barrier_wait");
    int result = pthread_barrier_wait(barrier);
    if (result != PTHREAD_BARRIER_SERIAL_THREAD)
        check(call, result);
    return result == PTHREAD_BARRIER_SERIAL_THREAD;
}

static void perform_barrier_wait(struct call *call) {
    pthread_barrier_t *barrier = find_barrier(call);
    if (call->outcome != OK)
        return;
    bool serial = wait_at(call, barrier);
    if (call->outcome == OK)
        peer_reply(call, "serial", "%s", serial ? "yes" : "no");
}

/* In each round, the serial thread increments a number that nothing else protects, and all read it after
 * the next wait. */
static void perform_barrier_rounds(struct call *call) {
    pthread_barrier_t *barrier = find_barrier(call);
    volatile uint64_t *counter = peer_memory_at(call, "memory", "counter", sizeof *counter);
    long long count = peer_number(call, "count", 0, INT64_MAX), wrong = 0;
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        if (wait_at(call, barrier))
            *counter = *counter + 1;
        if (call->outcome == OK)
            wait_at(call, barrier);
        wrong += *counter != (uint64_t)i + 1;
    }
    if (call->outcome != OK)
        return;
    peer_reply(call, "return", "%lld", count);
    peer_reply(call, "wrong", "%lld", wrong);
}

static void perform_layout(struct call *call) {
    peer_reply(call, "pthread_rwlock_t", "%zu", sizeof(pthread_rwlock_t));
    peer_reply(call, "pthread_barrier_t", "%zu", sizeof(pthread_barrier_t));
}

const struct operation peer_rwlock_operations[] = {
    {"pthread_rwlock_init", "memory at", perform_init},
    {"pthread_rwlock_destroy", "memory at", perform_destroy},
    {"pthread_rwlock_rdlock", "memory at", perform_rdlock},
    {"pthread_rwlock_wrlock", "memory at", perform_wrlock},
    {"pthread_rwlock_tryrdlock", "memory at", perform_tryrdlock},
    {"pthread_rwlock_trywrlock", "memory at", perform_trywrlock},
    {"pthread_rwlock_timedrdlock", "memory at abs_timeout tv_nsec", perform_timedrdlock},
    {"pthread_rwlock_timedwrlock", "memory at abs_timeout tv_nsec", perform_timedwrlock},
#ifndef PEER_LACKS_CLOCK_WAITS
    {"pthread_rwlock_clockrdlock", "memory at abs_timeout", perform_clockrdlock},
    {"pthread_rwlock_clockwrlock", "memory at abs_timeout", perform_clockwrlock},
#endif
    {"pthread_rwlock_unlock", "memory at", perform_unlock},
    {"rwlock_and_count", "memory at counter count", perform_rwlock_and_count},
    {"pthread_barrier_init", "memory at count", perform_barrier_init},
    {"pthread_barrier_destroy", "memory at", perform_barrier_destroy},
    {"pthread_barrier_wait", "memory at", perform_barrier_wait},
    {"barrier_rounds", "memory at counter count", perform_barrier_rounds},
    {"rwlock_layout", "", perform_layout},
    {0},
};
