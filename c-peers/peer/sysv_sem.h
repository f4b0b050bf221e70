/* What the files about System V semaphores share. */
#ifndef SYSV_SEM_H
#define SYSV_SEM_H

#include "peer.h"

/* semctl(2): the caller has to define it. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

/* The set that a request is about: its `semid`, or without one the set that was answered last. */
int peer_semid(struct call *);
void peer_reply_semid(struct call *, int semid);

/* How many words a list joined by commas has. */
size_t peer_list_length(const char *list);

void peer_perform_semget_init(struct call *);
void peer_perform_semctl(struct call *);

#endif
