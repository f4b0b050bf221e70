#include "cipc_signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(NSIG == 65, "a set of signals fits into 64 bits");
_Static_assert((int)CIPC_SI_USER == SI_USER && (int)CIPC_SI_QUEUE == SI_QUEUE &&
                   (int)CIPC_SI_TIMER == SI_TIMER && (int)CIPC_SI_MESGQ == SI_MESGQ &&
                   (int)CIPC_SI_TKILL == SI_TKILL && (int)CIPC_SI_KERNEL == SI_KERNEL,
               "SI_*");

int cipc_sigrtmin(void) {
    return SIGRTMIN;
}

int cipc_sigrtmax(void) {
    return SIGRTMAX;
}

const char *cipc_signal_symbol(int number) {
#ifdef __GLIBC__
    return sigabbrev_np(number);
#else
    (void)number; // musl has no names for signals
    return NULL;
#endif
}

sigset_t cipc_sigset(uint64_t signals) {
    sigset_t set;
    sigemptyset(&set);
    // Visit only the signals in the set, because this function runs for each wait.
    for (; signals != 0; signals &= signals - 1)
        sigaddset(&set, __builtin_ctzll(signals) + 1);
    return set;
}

static uint64_t word_of(const sigset_t *set) {
    uint64_t signals = 0;
    for (int number = 1; number < NSIG; number++)
        if (sigismember(set, number) == 1)
            signals |= UINT64_C(1) << (number - 1);
    return signals;
}

int cipc_sigmask(int how, uint64_t signals, uint64_t *previous) {
    sigset_t set = cipc_sigset(signals), before;
    errno = pthread_sigmask(how, &set, &before);
    *previous = word_of(&before);
    return errno == 0 ? 0 : -1;
}

int cipc_sigpending(uint64_t *signals) {
    sigset_t set;
    int result = sigpending(&set);
    if (result == 0)
        *signals = word_of(&set);
    return result;
}

int cipc_set_disposition(int number, int ignore) {
    struct sigaction action = {.sa_handler = ignore ? SIG_IGN : SIG_DFL};
    return sigaction(number, &action, NULL);
}

int cipc_sigqueue(int process, int number, int value) {
    return sigqueue(process, number, (union sigval){.sival_int = value});
}

// The fields of siginfo_t are in unions; si_code determines which fields are set for a signal: sigaction(2).
static struct cipc_signal_information information_of(int number, int code, int process, uint32_t user,
                                                     int value) {
    const int has_value = code == SI_QUEUE || code == SI_MESGQ || code == SI_ASYNCIO || code == SI_TIMER;
    const int is_sent = code == SI_USER || code == SI_TKILL || (has_value && code != SI_TIMER);
    const int is_child = number == SIGCHLD && code >= CLD_EXITED && code <= CLD_CONTINUED;
    struct cipc_signal_information information = {.number = number, .code = code};
    if (is_sent || is_child) {
        information.process = process;
        information.user = user;
        information.has_sender = 1;
    }
    if (has_value)
        information.value = value;
    return information;
}

struct cipc_signal_information cipc_signal_information_of(const siginfo_t *answer) {
    return information_of(answer->si_signo, answer->si_code, answer->si_pid, answer->si_uid,
                          answer->si_value.sival_int);
}

int cipc_sigtimedwait(uint64_t signals, int64_t nanoseconds, struct cipc_signal_information *information) {
    sigset_t set = cipc_sigset(signals);
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    siginfo_t answer;
    int result = sigtimedwait(&set, &answer, nanoseconds < 0 ? NULL : &time);
    if (result != -1)
        *information = cipc_signal_information_of(&answer);
    return result;
}

int cipc_signalfd(uint64_t signals) {
    sigset_t set = cipc_sigset(signals);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int cipc_signalfd_replace(int descriptor, uint64_t signals) {
    sigset_t set = cipc_sigset(signals);
    return signalfd(descriptor, &set, 0);
}

intptr_t cipc_signalfd_read(int descriptor, struct cipc_signal_information *information) {
    struct signalfd_siginfo answer;
    intptr_t result = read(descriptor, &answer, sizeof answer);
    if (result > 0)
        *information = information_of((int)answer.ssi_signo, answer.ssi_code, (int)answer.ssi_pid,
                                      answer.ssi_uid, answer.ssi_int);
    return result;
}
