#include "cipc_timer.h"

#include <mqueue.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

_Static_assert(sizeof(timer_t) == sizeof(void *), "timer_t");

static _Atomic(cipc_notified) notified;

static void notify(union sigval value) {
    atomic_load (&notified)(value.sival_int);
}

static struct sigevent in_thread(int32_t key, cipc_notified function) {
    atomic_store(&notified, function);
    return (struct sigevent){
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = key};
}

int cipc_mq_notify_thread(int queue, int32_t key, cipc_notified function) {
    struct sigevent event = in_thread(key, function);
    return mq_notify(queue, &event);
}

int cipc_timer_create_signal(int clock, int signal, int value, void **timer) {
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = value};
    return timer_create(clock, &event, (timer_t *)timer);
}

int cipc_timer_create_thread(int clock, int32_t key, cipc_notified function, void **timer) {
    struct sigevent event = in_thread(key, function);
    return timer_create(clock, &event, (timer_t *)timer);
}

static struct timespec time_of(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

static int64_t nanoseconds_of(struct timespec time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int cipc_timer_set(void *timer, int64_t nanoseconds, int64_t interval) {
    struct itimerspec times = {.it_value = time_of(nanoseconds), .it_interval = time_of(interval)};
    return timer_settime((timer_t)timer, 0, &times, NULL);
}

int cipc_timer_remaining(void *timer, int64_t *nanoseconds, int64_t *interval) {
    struct itimerspec times;
    int result = timer_gettime((timer_t)timer, &times);
    if (result == 0) {
        *nanoseconds = nanoseconds_of(times.it_value);
        *interval = nanoseconds_of(times.it_interval);
    }
    return result;
}

int cipc_timer_overrun(void *timer) {
    return timer_getoverrun((timer_t)timer);
}

int cipc_timer_delete(void *timer) {
    return timer_delete((timer_t)timer);
}
