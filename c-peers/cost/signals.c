/* A queued signal: sigqueue(3), and sigwaitinfo(2) with the value that was sent. */
#include "cost.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static void run_signal(const struct cost_run *run) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    cost_require(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "sigprocmask");
    const pid_t process = getpid();
    for (long i = 0; i < run->count; i++) {
        sigset_t awaited;
        siginfo_t received;
        int number;
        cost_require(sigqueue(process, SIGRTMIN, (union sigval){.sival_int = 7}) == 0, "sigqueue");
        sigemptyset(&awaited);
        sigaddset(&awaited, SIGRTMIN);
        do
            number = sigwaitinfo(&awaited, &received);
        while (number == -1 && errno == EINTR);
        cost_require(number == SIGRTMIN && received.si_value.sival_int == 7, "sigwaitinfo");
    }
}

const struct cost cost_signals[] = {{"signal", run_signal}, {0}};
