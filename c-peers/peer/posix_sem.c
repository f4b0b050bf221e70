/* POSIX semaphores, by name and in shared memory. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>

static void perform_sem_open(struct call *call) {
    static const struct symbol known[] = {SYMBOL(O_CREAT), SYMBOL(O_EXCL), {0}};
    const char *handle = new_handle(call, "handle");
    const char *name = text(call, "name");
    int oflag = flags_or(call, "oflag", known, 0);
    mode_t mode = permissions_or(call, "mode", 0600);
    unsigned value = (unsigned)number_or(call, "value", 0, UINT_MAX, 0);
    bool exact = has(call, "exact");
    if (call->outcome != OK)
        return;
    /* This process has one thread: nobody else makes a file meanwhile. */
    mode_t mask = exact ? umask(0) : 0;
    sem_t *opened = sem_open(name, oflag, mode, value);
    int error = errno;
    if (exact)
        umask(mask);
    if (opened == SEM_FAILED)
        fail(call, error);
    else
        hold_semaphore(handle, (struct semaphore){opened, true});
}

static void perform_sem_close(struct call *call) {
    struct semaphore held = semaphore(call, "handle");
    if (call->outcome == OK && !held.named)
        refuse(call, "what sem_init made is not closed");
    if (call->outcome != OK)
        return;
    release(call);
    if (sem_close(held.address) == -1)
        fail(call, errno);
}

static void perform_sem_unlink(struct call *call) {
    const char *name = text(call, "name");
    if (call->outcome == OK && sem_unlink(name) == -1)
        fail(call, errno);
}

static void perform_sem_init(struct call *call) {
    const char *handle = new_handle(call, "handle");
    unsigned value = (unsigned)number(call, "value", 0, UINT_MAX);
    sem_t *placed = place(call, "memory", "at", sizeof(sem_t));
    if (call->outcome != OK)
        return;
    if (sem_init(placed, 1, value) == -1)
        fail(call, errno);
    else
        hold_semaphore(handle, (struct semaphore){placed, false});
}

/* What another process made with sem_init(3): there is no call to open it. */
static void perform_sem_at(struct call *call) {
    const char *handle = new_handle(call, "handle");
    sem_t *placed = place(call, "memory", "at", sizeof(sem_t));
    if (call->outcome == OK)
        hold_semaphore(handle, (struct semaphore){placed, false});
}

static void perform_sem_destroy(struct call *call) {
    struct semaphore held = semaphore(call, "handle");
    if (call->outcome == OK && held.named)
        refuse(call, "what sem_open opened is not destroyed");
    if (call->outcome != OK)
        return;
    release(call);
    if (sem_destroy(held.address) == -1)
        fail(call, errno);
}

static void perform_sem_same(struct call *call) {
    struct semaphore one = semaphore(call, "handle"), other = semaphore(call, "other");
    if (call->outcome == OK)
        answer(call, "same", "%s", one.address == other.address ? "yes" : "no");
}

static void perform_sem_wait(struct call *call) {
    sem_t *waited = semaphore(call, "handle").address;
    bool retry = retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
        result = sem_wait(waited);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        fail(call, errno);
}

static void perform_sem_trywait(struct call *call) {
    sem_t *waited = semaphore(call, "handle").address;
    if (call->outcome == OK && sem_trywait(waited) == -1)
        fail(call, errno);
}

/* The deadline does not move when the call begins again. */
static void wait_until(struct call *call, clockid_t clock) {
    sem_t *waited = semaphore(call, "handle").address;
    struct timespec end = time_after(clock, seconds(call, "abs_timeout"));
    bool retry = retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
        result = clock == CLOCK_REALTIME ? sem_timedwait(waited, &end) : sem_clockwait(waited, clock, &end);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        fail(call, errno);
}

static void perform_sem_timedwait(struct call *call) {
    wait_until(call, CLOCK_REALTIME);
}

static void perform_sem_clockwait(struct call *call) {
    wait_until(call, CLOCK_MONOTONIC);
}

static void perform_sem_post(struct call *call) {
    sem_t *posted = semaphore(call, "handle").address;
    if (call->outcome == OK && sem_post(posted) == -1)
        fail(call, errno);
}

static void perform_sem_getvalue(struct call *call) {
    sem_t *asked = semaphore(call, "handle").address;
    int value;
    if (call->outcome != OK)
        return;
    if (sem_getvalue(asked, &value) == -1)
        fail(call, errno);
    else
        answer(call, "value", "%d", value);
}

/* Of the functions that wake a waiter, this is the one that a handler may call: signal-safety(7). */
static sem_t *volatile posted_by_handler;

static void post(int signum) {
    int before = errno;
    (void)signum;
    sem_post(posted_by_handler);
    errno = before;
}

static void perform_sem_post_on_signal(struct call *call) {
    sem_t *posted = semaphore(call, "handle").address;
    int signum = signal_number(call, "signum");
    struct sigaction action = {.sa_handler = post, .sa_flags = SA_RESTART};
    if (call->outcome != OK)
        return;
    posted_by_handler = posted;
    sigemptyset(&action.sa_mask);
    if (sigaction(signum, &action, NULL) == -1)
        fail_in(call, "sigaction", errno);
}

/* Adds to a number that only the semaphore protects: `volatile` makes each addition a load and a store, which
 * others could come between. */
static void perform_sem_count(struct call *call) {
    sem_t *lock = semaphore(call, "handle").address;
    volatile uint64_t *counter = place(call, "memory", "at", sizeof *counter);
    long long count = number(call, "count", 0, INT64_MAX);
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        while (sem_wait(lock) == -1)
            if (errno != EINTR) {
                fail_in(call, "sem_wait", errno);
                return;
            }
        *counter = *counter + 1;
        if (sem_post(lock) == -1)
            fail_in(call, "sem_post", errno);
    }
    if (call->outcome == OK)
        answer(call, "return", "%lld", count);
}

const struct operation posix_sem_operations[] = {
    {"sem_open", "handle name oflag mode value exact", perform_sem_open},
    {"sem_close", "handle", perform_sem_close},
    {"sem_unlink", "name", perform_sem_unlink},
    {"sem_init", "handle memory at value", perform_sem_init},
    {"sem_at", "handle memory at", perform_sem_at},
    {"sem_destroy", "handle", perform_sem_destroy},
    {"sem_same", "handle other", perform_sem_same},
    {"sem_wait", "handle eintr", perform_sem_wait},
    {"sem_trywait", "handle", perform_sem_trywait},
    {"sem_timedwait", "handle abs_timeout eintr", perform_sem_timedwait},
    {"sem_clockwait", "handle abs_timeout eintr", perform_sem_clockwait},
    {"sem_post", "handle", perform_sem_post},
    {"sem_getvalue", "handle", perform_sem_getvalue},
    {"sem_post_on_signal", "handle signum", perform_sem_post_on_signal},
    {"sem_count", "handle memory at count", perform_sem_count},
    {0},
};
