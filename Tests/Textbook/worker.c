#include "textbook.h"

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char pid_file[] = "/tmp/worker.pid";

int signal_worker(void) {
    sigset_t wanted;
    siginfo_t information;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGRTMIN + 1);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    FILE *file = fopen(pid_file, "wxe");
    if (file == NULL)
        err(1, "fopen");
    fprintf(file, "%d\n", getpid());
    fclose(file);
    for (int number; (number = sigwaitinfo(&wanted, &information)) != SIGTERM;) {
        if (number == -1)
            err(1, "sigwaitinfo");
        printf("task %d\n", information.si_value.sival_int);
        fflush(stdout);
    }
    unlink(pid_file);
    return 0;
}

/// Sends the signals with system calls that the usual functions do not make.
static void send_differently(pid_t worker) {
    siginfo_t information = {.si_code = SI_QUEUE, .si_value = {.sival_int = 42}};
    information.si_pid = getpid();
    information.si_uid = getuid();
    const int process = (int)syscall(SYS_pidfd_open, worker, 0);
    bool sent = syscall(SYS_rt_tgsigqueueinfo, worker, worker, SIGUSR1, &information) == 0;
    information.si_signo = SIGRTMIN + 1; // pidfd_send_signal(2) requires the same number in both places
    information.si_value.sival_int = 7;
    sent = sent && syscall(SYS_pidfd_send_signal, process, SIGRTMIN + 1, &information, 0) == 0;
    if (!sent || syscall(SYS_tkill, worker, SIGTERM) == -1)
        err(1, "rt_tgsigqueueinfo, pidfd_send_signal or tkill");
}

int signal_boss(void) {
    int worker;
    FILE *file = fopen(pid_file, "re");
    if (file == NULL || fscanf(file, "%d", &worker) != 1)
        err(1, "fopen");
    if (defect("other-calls"))
        send_differently(worker);
    else if (sigqueue(worker, SIGUSR1, (union sigval){.sival_int = defect("value") ? 41 : 42}) == -1 ||
             sigqueue(worker, defect("signal") ? SIGUSR1 : SIGRTMIN + 1, (union sigval){.sival_int = 7}) ==
                 -1 ||
             kill(worker, SIGTERM) == -1)
        err(1, "sigqueue");
    return 0;
}
