/* Definitions shared by the System V semaphore files. */
#ifndef SYSV_SEM_H
#define SYSV_SEM_H

#include "peer.h"

/* semctl(2) requires the caller to define this union. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

/* Returns the set for a request: its `semid`, or the set that the last response named. */
int peer_semid(struct call *);
void peer_reply_semid(struct call *, int semid);

/* Returns the number of words in a comma-separated list. */
size_t peer_list_length(const char *list);

void peer_perform_semget_init(struct call *);
void peer_perform_semctl(struct call *);

#endif
