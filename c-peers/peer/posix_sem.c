/* POSIX semaphores, by name and in shared memory. */
#include "posix_sem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

static struct semaphore find_semaphore(struct call *call, const char *key) {
    return *(struct semaphore *)peer_find_handle(call, key, "semaphore");
}

static void perform_sem_open(struct call *call) {
    static const struct symbol known[] = {SYMBOL(O_CREAT), SYMBOL(O_EXCL), {0}};
    const char *handle = peer_new_handle(call, "handle");
    const char *name = peer_text(call, "name");
    int oflag = peer_flags_or(call, "oflag", known, 0);
    mode_t mode = peer_mode_or(call, "mode", 0600);
    unsigned value = (unsigned)peer_number_or(call, "value", 0, UINT_MAX, 0);
    bool exact = peer_exact(call);
    if (call->outcome != OK)
        return;
    /* This process has one thread, so no other call sees the changed umask. */
    mode_t mask = exact ? umask(0) : 0;
    sem_t *opened = sem_open(name, oflag, mode, value);
    int error = errno;
    if (exact)
        umask(mask);
    if (opened == SEM_FAILED)
        peer_fail(call, error);
    else
        PEER_REGISTER(handle, "semaphore", ((struct semaphore){opened, true}));
}

static void perform_sem_close(struct call *call) {
    struct semaphore held = find_semaphore(call, "handle");
    if (call->outcome == OK && !held.named)
        peer_invalid_request(call, "sem_close does not apply to sem_init");
    if (call->outcome != OK)
        return;
    peer_release_handle(call);
    if (sem_close(held.address) == -1)
        peer_fail(call, errno);
}

static void perform_sem_unlink(struct call *call) {
    const char *name = peer_text(call, "name");
    if (call->outcome == OK && sem_unlink(name) == -1)
        peer_fail(call, errno);
}

static void perform_sem_init(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    unsigned value = (unsigned)peer_number(call, "value", 0, UINT_MAX);
    sem_t *placed = peer_memory_at(call, "memory", "at", sizeof(sem_t));
    if (call->outcome != OK)
        return;
    if (sem_init(placed, 1, value) == -1)
        peer_fail(call, errno);
    else
        PEER_REGISTER(handle, "semaphore", ((struct semaphore){placed, false}));
}

/* Registers a semaphore that another process initialized with sem_init(3). No call opens such a semaphore. */
static void perform_sem_at(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    sem_t *placed = peer_memory_at(call, "memory", "at", sizeof(sem_t));
    if (call->outcome == OK)
        PEER_REGISTER(handle, "semaphore", ((struct semaphore){placed, false}));
}

static void perform_sem_destroy(struct call *call) {
    struct semaphore held = find_semaphore(call, "handle");
    if (call->outcome == OK && held.named)
        peer_invalid_request(call, "sem_destroy does not apply to sem_open");
    if (call->outcome != OK)
        return;
    peer_release_handle(call);
    if (sem_destroy(held.address) == -1)
        peer_fail(call, errno);
}

static void perform_sem_same(struct call *call) {
    struct semaphore one = find_semaphore(call, "handle"), other = find_semaphore(call, "other");
    if (call->outcome == OK)
        peer_reply(call, "same", "%s", one.address == other.address ? "yes" : "no");
}

static void perform_sem_wait(struct call *call) {
    sem_t *waited = find_semaphore(call, "handle").address;
    bool retry = peer_retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
        result = sem_wait(waited);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_sem_trywait(struct call *call) {
    sem_t *waited = find_semaphore(call, "handle").address;
    if (call->outcome == OK && sem_trywait(waited) == -1)
        peer_fail(call, errno);
}

/* The deadline does not change when the call is repeated. */
static void wait_until(struct call *call, clockid_t clock) {
    sem_t *waited = find_semaphore(call, "handle").address;
    struct timespec end = peer_time_after(clock, peer_seconds(call, "abs_timeout"));
    peer_replace_nanoseconds(call, &end);
    bool retry = peer_retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
#ifdef PEER_LACKS_CLOCK_WAITS
        result = sem_timedwait(waited, &end);
#else
        result = clock == CLOCK_REALTIME ? sem_timedwait(waited, &end) : sem_clockwait(waited, clock, &end);
#endif
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_sem_timedwait(struct call *call) {
    wait_until(call, CLOCK_REALTIME);
}

#ifndef PEER_LACKS_CLOCK_WAITS
static void perform_sem_clockwait(struct call *call) {
    wait_until(call, CLOCK_MONOTONIC);
}
#endif

static void perform_sem_post(struct call *call) {
    sem_t *posted = find_semaphore(call, "handle").address;
    if (call->outcome == OK && sem_post(posted) == -1)
        peer_fail(call, errno);
}

static void perform_sem_getvalue(struct call *call) {
    sem_t *asked = find_semaphore(call, "handle").address;
    int value;
    if (call->outcome != OK)
        return;
    if (sem_getvalue(asked, &value) == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "value", "%d", value);
}

/* The semaphore that the signal handler posts. sem_post(3) is the only function here that wakes a waiter and
 * is async-signal-safe (signal-safety(7)). */
static sem_t *volatile posted_by_handler;

static void post(int signum) {
    int before = errno;
    (void)signum;
    sem_post(posted_by_handler);
    errno = before;
}

static void perform_sem_post_on_signal(struct call *call) {
    sem_t *posted = find_semaphore(call, "handle").address;
    int signum = peer_signal(call, "signum");
    struct sigaction action = {.sa_handler = post, .sa_flags = SA_RESTART};
    if (call->outcome != OK)
        return;
    posted_by_handler = posted;
    sigemptyset(&action.sa_mask);
    if (sigaction(signum, &action, NULL) == -1)
        peer_fail_in(call, "sigaction", errno);
}

/* Increments a number that only the semaphore protects. `volatile` separates the load from the store,
 * which makes a race visible. */
static void perform_sem_count(struct call *call) {
    sem_t *lock = find_semaphore(call, "handle").address;
    volatile uint64_t *counter = peer_memory_at(call, "memory", "at", sizeof *counter);
    long long count = peer_number(call, "count", 0, INT64_MAX);
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        while (sem_wait(lock) == -1)
            if (errno != EINTR) {
                peer_fail_in(call, "sem_wait", errno);
                return;
            }
        *counter = *counter + 1;
        if (sem_post(lock) == -1)
            peer_fail_in(call, "sem_post", errno);
    }
    if (call->outcome == OK)
        peer_reply(call, "return", "%lld", count);
}

const struct operation peer_posix_sem_operations[] = {
    {"sem_open", "handle name oflag mode value exact", perform_sem_open},
    {"sem_close", "handle", perform_sem_close},
    {"sem_unlink", "name", perform_sem_unlink},
    {"sem_init", "handle memory at value", perform_sem_init},
    {"sem_at", "handle memory at", perform_sem_at},
    {"sem_destroy", "handle", perform_sem_destroy},
    {"sem_same", "handle other", perform_sem_same},
    {"sem_wait", "handle eintr", perform_sem_wait},
    {"sem_trywait", "handle", perform_sem_trywait},
    {"sem_timedwait", "handle abs_timeout tv_nsec eintr", perform_sem_timedwait},
#ifndef PEER_LACKS_CLOCK_WAITS
    {"sem_clockwait", "handle abs_timeout tv_nsec eintr", perform_sem_clockwait},
#endif
    {"sem_post", "handle", perform_sem_post},
    {"sem_getvalue", "handle", perform_sem_getvalue},
    {"sem_post_on_signal", "handle signum", perform_sem_post_on_signal},
    {"sem_count", "handle memory at count", perform_sem_count},
    {0},
};
