/* Notifications in a C library thread (SIGEV_THREAD), and timers with timer_create(2). */
#include "notification.h"
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

/* The last notification. The semaphore counts the notifications that no request has consumed. */
static struct {
    sem_t arrived;
    int value;
    bool other_thread;
} notified;

/* The C library calls this in a separate thread. */
static void notify(union sigval value) {
    notified.value = value.sival_int;
    notified.other_thread = gettid() != getpid();
    sem_post(&notified.arrived);
}

/* Reads how to notify: `sigev_notify`, which can be NULL if `null` is not 0, `sigev_signo` and `sigev_value`.
 * Returns the value of `sigev_notify`. */
int peer_notification(struct call *call, int null, struct sigevent *event) {
    const struct symbol ways[] = {
        SYMBOL(SIGEV_SIGNAL), SYMBOL(SIGEV_NONE), SYMBOL(SIGEV_THREAD), {null ? "NULL" : NULL, null}, {0}};
    const int way = peer_symbol(call, "sigev_notify", ways);
    memset(event, 0, sizeof *event);
    event->sigev_notify = way;
    if (way == SIGEV_SIGNAL)
        event->sigev_signo = peer_signal(call, "sigev_signo");
    if (way == SIGEV_THREAD)
        event->sigev_notify_function = notify;
    event->sigev_value.sival_int = (int)peer_number_or(call, "sigev_value", INT_MIN, INT_MAX, 0);
    return way;
}

static void perform_notification_wait(struct call *call) {
    struct timespec end = {0};
    const bool timed = peer_has(call, "timeout");
    if (timed)
        end = peer_time_after(CLOCK_REALTIME, peer_seconds(call, "timeout"));
    if (call->outcome != OK)
        return;
    if ((timed ? sem_timedwait(&notified.arrived, &end) : sem_wait(&notified.arrived)) == -1) {
        peer_fail_in(call, timed ? "sem_timedwait" : "sem_wait", errno);
        return;
    }
    peer_reply(call, "value", "%d", notified.value);
    peer_reply(call, "thread", "%s", notified.other_thread ? "other" : "same");
}

static void perform_timer_create(struct call *call) {
    static const struct symbol clocks[] = {
        SYMBOL(CLOCK_MONOTONIC), SYMBOL(CLOCK_REALTIME), SYMBOL(CLOCK_BOOTTIME), {0}};
    const char *handle = peer_new_handle(call, "handle");
    const int clock = peer_symbol_or(call, "clockid", clocks, CLOCK_MONOTONIC);
    struct sigevent event;
    timer_t timer;
    peer_notification(call, 0, &event);
    if (call->outcome != OK)
        return;
    if (timer_create(clock, &event, &timer) == -1)
        peer_fail(call, errno);
    else
        PEER_REGISTER(handle, "timer", timer);
}

static timer_t find_timer(struct call *call) {
    const timer_t *timer = peer_find_handle(call, "handle", "timer");
    return call->outcome == OK ? *timer : 0;
}

static void perform_timer_settime(struct call *call) {
    const timer_t timer = find_timer(call);
    struct itimerspec times = {.it_value = peer_seconds(call, "value")};
    if (peer_has(call, "interval"))
        times.it_interval = peer_seconds(call, "interval");
    if (call->outcome == OK && timer_settime(timer, 0, &times, NULL) == -1)
        peer_fail(call, errno);
}

static void perform_timer_gettime(struct call *call) {
    const timer_t timer = find_timer(call);
    struct itimerspec times;
    if (call->outcome != OK)
        return;
    if (timer_gettime(timer, &times) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "armed", "%s", times.it_value.tv_sec != 0 || times.it_value.tv_nsec != 0 ? "yes" : "no");
    peer_reply(call, "interval", "%lld.%09ld", (long long)times.it_interval.tv_sec,
               times.it_interval.tv_nsec);
}

static void perform_timer_delete(struct call *call) {
    const timer_t timer = find_timer(call);
    if (call->outcome != OK)
        return;
    if (timer_delete(timer) == -1)
        peer_fail(call, errno);
    else
        peer_release_handle(call);
}

const struct operation peer_notification_operations[] = {
    {"notification_wait", "timeout", perform_notification_wait},
    {"timer_create", "handle clockid sigev_notify sigev_signo sigev_value", perform_timer_create},
    {"timer_settime", "handle value interval", perform_timer_settime},
    {"timer_gettime", "handle", perform_timer_gettime},
    {"timer_delete", "handle", perform_timer_delete},
    {0},
};
