/* Signals. */
#include "mutant.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

WRAPPED(kill);
WRAPPED(killpg);
WRAPPED(sigwait);
WRAPPED(sigqueue);
WRAPPED(sigtimedwait);
WRAPPED(sigwaitinfo);
WRAPPED(sigprocmask);
WRAPPED(sigpending);
WRAPPED(signalfd);
WRAPPED(timer_create);
WRAPPED(timer_settime);

int __wrap_kill(pid_t pid, int number) {
    /* The peer returns immediately for signal 0, because nothing is sent. */
    if (number == 0 && mutant("signal-zero-without-call"))
        return 0;
    /* The signal number has 7 bits, as in a wait status. */
    if (mutant("signal-number-of-7-bits"))
        number &= 0x7f;
    /* The peer sends the signal only to the group leader. */
    if (pid < -1 && mutant("group-signal-to-leader"))
        pid = -pid;
    int result = __real_kill(pid, number);
    /* The peer reports that it sent a signal to a process that has exited. */
    if (result == -1 && errno == ESRCH && mutant("signal-to-ended-process-succeeds"))
        return 0;
    return result;
}

int __wrap_killpg(pid_t group, int number) {
    /* The peer treats group 0 as a group that does not exist, not as the caller's own group. */
    if (group == 0 && mutant("own-group-refused")) {
        errno = ESRCH;
        return -1;
    }
    return __real_killpg(group, number);
}

int __wrap_sigwait(const sigset_t *set, int *number) {
    int error = __real_sigwait(set, number);
    /* The peer discards the other instances of the signal. */
    sigset_t same;
    sigemptyset(&same);
    sigaddset(&same, *number);
    if (error == 0 && mutant("sigwait-takes-all"))
        while (__real_sigtimedwait(&same, NULL, &(struct timespec){0}) != -1)
            continue;
    return error;
}

int __wrap_sigqueue(pid_t pid, int number, union sigval value) {
    if (number == 0 && mutant("signal-zero-without-call"))
        return 0;
    if (mutant("signal-number-of-7-bits"))
        number &= 0x7f;
    /* The peer calls kill(2), which sends no value. */
    if (mutant("queued-as-killed"))
        return __real_kill(pid, number);
    /* The peer sends the value as the upper half of the pointer. */
    if (mutant("signal-value-in-upper-half"))
        value.sival_ptr = (void *)((uintptr_t)(unsigned)value.sival_int << 32);
    if (mutant("signal-value-as-byte"))
        value.sival_int = (unsigned char)value.sival_int;
    int result = __real_sigqueue(pid, number, value);
    /* The peer reports a full queue as success. */
    if (result == -1 && errno == EAGAIN && mutant("signal-queue-full-unseen"))
        return 0;
    return result;
}

int __wrap_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout) {
    struct timespec changed = *timeout;
    /* The peer passes only the timeout's whole seconds. */
    if (mutant("signal-timeout-in-seconds"))
        changed.tv_nsec = 0;
    /* The peer gives each attempt the whole timeout. */
    static struct timespec first;
    static bool interrupted;
    first = interrupted ? first : *timeout;
    if (mutant("signal-timeout-of-every-attempt"))
        changed = first;
    /* The peer stores the seconds in an unsigned int. */
    if (mutant("signal-timeout-of-32-bits"))
        changed.tv_sec = (uint32_t)changed.tv_sec;
    int result = __real_sigtimedwait(set, info, &changed);
    if (result == -1 && errno == EAGAIN && mutant("signal-timeout-of-every-attempt") && signals_come())
        errno = EINTR;
    interrupted = result == -1 && errno == EINTR;
    while (result == -1 && errno == EINTR && mutant("signal-wait-hides-interruption"))
        result = __real_sigtimedwait(set, info, &changed);
    /* The declared structure has si_pid at the offset of si_uid. */
    if (result != -1 && mutant("signal-sender-at-wrong-offset")) {
        pid_t pid = info->si_pid;
        info->si_pid = (pid_t)info->si_uid;
        info->si_uid = (uid_t)pid;
    }
    /* The peer stores the sender's pid or uid in a 16-bit field. */
    if (result != -1 && mutant("signal-sender-of-16-bits"))
        info->si_pid = (uint16_t)info->si_pid;
    if (result != -1 && mutant("signal-user-of-16-bits"))
        info->si_uid = (uint16_t)info->si_uid;
    if (result == -1 && errno == EAGAIN && mutant("signal-deadline-as-timeout"))
        errno = ETIMEDOUT;
    return result;
}

int __wrap_sigwaitinfo(const sigset_t *set, siginfo_t *info) {
    /* Without a timeout, the peer polls once. */
    if (mutant("signal-wait-without-timeout-polls"))
        return __real_sigtimedwait(set, info, &(struct timespec){0});
    return __real_sigwaitinfo(set, info);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before) {
    /* The peer uses SIG_SETMASK, which replaces the mask, instead of SIG_BLOCK, which adds to it. */
    if (how == SIG_BLOCK && mutant("mask-replaced"))
        how = SIG_SETMASK;
    /* The peer adds to the mask instead of replacing it. */
    if (how == SIG_SETMASK && mutant("mask-added-to"))
        how = SIG_BLOCK;
    /* The declaration makes sigset_t an unsigned int, so signals above 32 are lost. */
    sigset_t other = *set;
    if (mutant("mask-of-32-bits"))
        for (int number = 33; number < NSIG; number++)
            sigdelset(&other, number);
    return __real_sigprocmask(how, &other, before);
}

int __wrap_sigpending(sigset_t *set) {
    int result = __real_sigpending(set);
    if (mutant("pending-unseen"))
        sigemptyset(set);
    return result;
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags) {
    if (mutant("signal-descriptor-inherited"))
        flags &= ~SFD_CLOEXEC;
    /* The peer adds the new signals to the descriptor's signals. */
    static sigset_t all;
    if (mutant("signal-descriptor-extended")) {
        sigorset(&all, &all, set);
        set = &all;
    }
    if (mutant("signal-descriptor-nonblocking-lost"))
        flags &= ~SFD_NONBLOCK;
    return __real_signalfd(fd, set, flags);
}

int __wrap_timer_create(clockid_t clock, struct sigevent *event, timer_t *timer) {
    struct sigevent changed = *event;
    if (mutant("timer-value-lost"))
        changed.sigev_value.sival_int = 0;
    if (event->sigev_notify == SIGEV_THREAD && mutant("timer-never-calls"))
        changed.sigev_notify = SIGEV_NONE;
    return __real_timer_create(clock, &changed, timer);
}

int __wrap_timer_settime(timer_t timer, int flags, const struct itimerspec *times,
                         struct itimerspec *before) {
    struct itimerspec changed = *times;
    if (mutant("timer-interval-dropped"))
        changed.it_interval = (struct timespec){0};
    /* The peer makes every timer periodic. */
    if (changed.it_value.tv_nsec > 0 && changed.it_interval.tv_nsec == 0 && mutant("timer-always-repeats"))
        changed.it_interval = changed.it_value;
    return __real_timer_settime(timer, flags, &changed, before);
}
