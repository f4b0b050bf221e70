/* A System V semaphore: semop(2) with +1, and with -1. */
#include "cost.h"

#include <errno.h>
#include <sys/ipc.h>
#include <sys/sem.h>

static void change(int set, short delta) {
    struct sembuf operation = {.sem_num = 0, .sem_op = delta, .sem_flg = 0};
    int result;
    do
        result = semop(set, &operation, 1);
    while (result == -1 && errno == EINTR);
    cost_require(result == 0, "semop");
}

static void run_sysv_sem(const struct cost_run *run) {
    const int set = semget(IPC_PRIVATE, 1, 0600);
    cost_require(set != -1, "semget");
    for (long i = 0; i < run->count; i++) {
        change(set, 1);
        change(set, -1);
    }
    cost_require(semctl(set, 0, IPC_RMID) == 0, "semctl");
}

const struct cost cost_sysv_sem[] = {{"sysv-sem", run_sysv_sem}, {0}};
