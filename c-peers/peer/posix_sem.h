/* POSIX semaphores as handles (posix_sem.c). */
#ifndef POSIX_SEM_H
#define POSIX_SEM_H

#include "peer.h"

#include <semaphore.h>

struct semaphore {
    sem_t *address;
    bool named; /* opened by sem_open(3), not created by sem_init(3) */
};

#endif
