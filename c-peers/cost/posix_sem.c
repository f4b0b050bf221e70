/* A POSIX semaphore: one sem_post(3) and one sem_wait(3). */
#include "cost.h"

#include <errno.h>
#include <semaphore.h>

static void run_posix_sem(const struct cost_run *run) {
    sem_t *semaphore = cost_map(NULL, sizeof *semaphore);
    cost_require(sem_init(semaphore, 1, 0) == 0, "sem_init");
    for (long i = 0; i < run->count; i++) {
        int result;
        cost_require(sem_post(semaphore) == 0, "sem_post");
        do
            result = sem_wait(semaphore);
        while (result == -1 && errno == EINTR);
        cost_require(result == 0, "sem_wait");
    }
}

const struct cost cost_posix_sem[] = {{"posix-sem", run_posix_sem}, {0}};
