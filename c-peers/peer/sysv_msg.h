/* Definitions for System V messages (sysv_msg.c). */
#ifndef SYSV_MSG_H
#define SYSV_MSG_H

#include "peer.h"

/* msgsnd(2) requires the caller to define this structure. The sizes in these calls count only the text. */
struct message {
    long mtype;
    char mtext[];
};

/* Returns the queue for a request: its `msqid`, or the queue that the last msgget(2) returned. */
int peer_msqid(struct call *);

#endif
