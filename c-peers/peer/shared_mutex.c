/* Process-shared mutexes and condition variables. A request identifies them by their memory and offset. */
#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

/* pthread functions return the error number. EOWNERDEAD is reported as an error, although the mutex is
 * locked. */
static void check(struct call *call, int error) {
    if (error != 0)
        peer_fail(call, error);
}

static pthread_mutex_t *find_mutex(struct call *call) {
    return peer_memory_at(call, "memory", "at", sizeof(pthread_mutex_t));
}

static pthread_cond_t *find_condition(struct call *call) {
    return peer_memory_at(call, "memory", "at", sizeof(pthread_cond_t));
}

static void perform_mutex_init(struct call *call) {
    static const struct symbol types[] = {
        SYMBOL(PTHREAD_MUTEX_NORMAL), SYMBOL(PTHREAD_MUTEX_RECURSIVE), SYMBOL(PTHREAD_MUTEX_ERRORCHECK), {0}};
    static const struct symbol ends[] = {SYMBOL(PTHREAD_MUTEX_STALLED), SYMBOL(PTHREAD_MUTEX_ROBUST), {0}};
    static const struct symbol protocols[] = {SYMBOL(PTHREAD_PRIO_NONE), SYMBOL(PTHREAD_PRIO_INHERIT), {0}};
    pthread_mutex_t *made = find_mutex(call);
    int type = peer_symbol_or(call, "type", types, PTHREAD_MUTEX_ERRORCHECK);
    int robust = peer_symbol_or(call, "robust", ends, PTHREAD_MUTEX_ROBUST);
    int protocol = peer_symbol_or(call, "protocol", protocols, PTHREAD_PRIO_NONE);
    pthread_mutexattr_t attributes;
    if (call->outcome != OK)
        return;
    pthread_mutexattr_init(&attributes);
    int error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_mutexattr_setrobust(&attributes, robust);
    if (error == 0)
        error = pthread_mutexattr_settype(&attributes, type);
    if (error == 0)
        error = pthread_mutexattr_setprotocol(&attributes, protocol);
    if (error == 0)
        error = pthread_mutex_init(made, &attributes);
    pthread_mutexattr_destroy(&attributes);
    check(call, error);
}

static void perform_mutex_destroy(struct call *call) {
    pthread_mutex_t *ended = find_mutex(call);
    if (call->outcome == OK)
        check(call, pthread_mutex_destroy(ended));
}

static void perform_mutex_lock(struct call *call) {
    pthread_mutex_t *locked = find_mutex(call);
    if (call->outcome == OK)
        check(call, pthread_mutex_lock(locked));
}

static void perform_mutex_trylock(struct call *call) {
    pthread_mutex_t *locked = find_mutex(call);
    if (call->outcome == OK)
        check(call, pthread_mutex_trylock(locked));
}

#ifndef PEER_LACKS_CLOCK_WAITS
static void perform_mutex_clocklock(struct call *call) {
    pthread_mutex_t *locked = find_mutex(call);
    struct timespec end = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "abs_timeout"));
    if (call->outcome == OK)
        check(call, pthread_mutex_clocklock(locked, CLOCK_MONOTONIC, &end));
}
#endif

static void perform_mutex_timedlock(struct call *call) {
    pthread_mutex_t *locked = find_mutex(call);
    struct timespec end = peer_time_after(CLOCK_REALTIME, peer_seconds(call, "abs_timeout"));
    peer_replace_nanoseconds(call, &end);
    if (call->outcome == OK)
        check(call, pthread_mutex_timedlock(locked, &end));
}

static void perform_mutex_unlock(struct call *call) {
    pthread_mutex_t *unlocked = find_mutex(call);
    if (call->outcome == OK)
        check(call, pthread_mutex_unlock(unlocked));
}

static void perform_mutex_consistent(struct call *call) {
    pthread_mutex_t *repaired = find_mutex(call);
    if (call->outcome == OK)
        check(call, pthread_mutex_consistent(repaired));
}

/* Increments a number that only the mutex protects. `volatile` separates the load from the store, which
 * makes a race visible. */
static void perform_lock_and_count(struct call *call) {
    pthread_mutex_t *lock = find_mutex(call);
    volatile uint64_t *counter = peer_memory_at(call, "memory", "counter", sizeof *counter);
    long long count = peer_number(call, "count", 0, INT64_MAX);
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        peer_set_failed_call("pthread_mutex_lock");
        check(call, pthread_mutex_lock(lock));
        if (call->outcome != OK)
            return;
        *counter = *counter + 1;
        peer_set_failed_call("pthread_mutex_unlock");
        check(call, pthread_mutex_unlock(lock));
    }
    if (call->outcome == OK)
        peer_reply(call, "return", "%lld", count);
}

static clockid_t clock_of(struct call *call) {
    static const struct symbol clocks[] = {
        SYMBOL(CLOCK_MONOTONIC), SYMBOL(CLOCK_REALTIME), SYMBOL(CLOCK_PROCESS_CPUTIME_ID), {0}};
    return peer_symbol_or(call, "clock", clocks, CLOCK_MONOTONIC);
}

static void perform_cond_init(struct call *call) {
    pthread_cond_t *made = find_condition(call);
    clockid_t clock = clock_of(call);
    pthread_condattr_t attributes;
    if (call->outcome != OK)
        return;
    pthread_condattr_init(&attributes);
    int error = pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_condattr_setclock(&attributes, clock);
    if (error == 0)
        error = pthread_cond_init(made, &attributes);
    pthread_condattr_destroy(&attributes);
    check(call, error);
}

static void perform_cond_destroy(struct call *call) {
    pthread_cond_t *ended = find_condition(call);
    if (call->outcome == OK)
        check(call, pthread_cond_destroy(ended));
}

static void perform_cond_wait(struct call *call) {
    pthread_cond_t *awaited = find_condition(call);
    pthread_mutex_t *locked = peer_memory_at(call, "memory", "mutex", sizeof(pthread_mutex_t));
    if (call->outcome == OK)
        check(call, pthread_cond_wait(awaited, locked));
}

static void perform_cond_timedwait(struct call *call) {
    pthread_cond_t *awaited = find_condition(call);
    pthread_mutex_t *locked = peer_memory_at(call, "memory", "mutex", sizeof(pthread_mutex_t));
    struct timespec end = peer_time_after(clock_of(call), peer_seconds(call, "abs_timeout"));
    if (call->outcome == OK)
        check(call, pthread_cond_timedwait(awaited, locked, &end));
}

static void perform_cond_signal(struct call *call) {
    pthread_cond_t *signalled = find_condition(call);
    if (call->outcome == OK)
        check(call, pthread_cond_signal(signalled));
}

static void perform_cond_broadcast(struct call *call) {
    pthread_cond_t *signalled = find_condition(call);
    if (call->outcome == OK)
        check(call, pthread_cond_broadcast(signalled));
}

static void perform_shared_layout(struct call *call) {
    peer_reply(call, "pthread_mutex_t", "%zu", sizeof(pthread_mutex_t));
    peer_reply(call, "pthread_cond_t", "%zu", sizeof(pthread_cond_t));
    peer_reply(call, "sem_t", "%zu", sizeof(sem_t));
}

const struct operation peer_shared_mutex_operations[] = {
    {"pthread_mutex_init", "memory at type robust protocol", perform_mutex_init},
    {"pthread_mutex_destroy", "memory at", perform_mutex_destroy},
    {"pthread_mutex_lock", "memory at", perform_mutex_lock},
    {"pthread_mutex_trylock", "memory at", perform_mutex_trylock},
#ifndef PEER_LACKS_CLOCK_WAITS
    {"pthread_mutex_clocklock", "memory at abs_timeout", perform_mutex_clocklock},
#endif
    {"pthread_mutex_timedlock", "memory at abs_timeout tv_nsec", perform_mutex_timedlock},
    {"pthread_mutex_unlock", "memory at", perform_mutex_unlock},
    {"pthread_mutex_consistent", "memory at", perform_mutex_consistent},
    {"lock_and_count", "memory at counter count", perform_lock_and_count},
    {"pthread_cond_init", "memory at clock", perform_cond_init},
    {"pthread_cond_destroy", "memory at", perform_cond_destroy},
    {"pthread_cond_wait", "memory at mutex", perform_cond_wait},
    {"pthread_cond_timedwait", "memory at mutex abs_timeout clock", perform_cond_timedwait},
    {"pthread_cond_signal", "memory at", perform_cond_signal},
    {"pthread_cond_broadcast", "memory at", perform_cond_broadcast},
    {"shared_layout", "", perform_shared_layout},
    {0},
};
