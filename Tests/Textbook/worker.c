#include "textbook.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
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

int signal_boss(void) {
    int worker;
    FILE *file = fopen(pid_file, "re");
    if (file == NULL || fscanf(file, "%d", &worker) != 1)
        err(1, "fopen");
    if (sigqueue(worker, SIGUSR1, (union sigval){.sival_int = defect("value") ? 41 : 42}) == -1 ||
        sigqueue(worker, defect("signal") ? SIGUSR1 : SIGRTMIN + 1, (union sigval){.sival_int = 7}) == -1 ||
        kill(worker, SIGTERM) == -1)
        err(1, "sigqueue");
    return 0;
}
