/* System V semaphores: creates a set and initializes it, or waits until its creator has initialized it. */
#include "sysv_sem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sem.h>

/* Sets every semaphore in a new set, and then performs an operation that changes no value: other processes
 * wait until the first semop(2) sets sem_otime. */
static bool initialise(int semid, int nsems, unsigned short value) {
    struct sembuf down_and_up[] = {{.sem_op = -1, .sem_flg = IPC_NOWAIT}, {.sem_op = 1}};
    struct sembuf see_zero[] = {{.sem_op = 0, .sem_flg = IPC_NOWAIT}};
    unsigned short *values = calloc((size_t)nsems, sizeof *values);
    if (!values)
        return false;
    for (int i = 0; i < nsems; i++)
        values[i] = value;
    peer_set_failed_call("semctl");
    bool is_set = semctl(semid, 0, SETALL, (union semun){.array = values}) != -1;
    int error = errno;
    free(values);
    errno = error;
    if (!is_set)
        return false;
    peer_set_failed_call("semop");
    if ((value > 0 ? semop(semid, down_and_up, 2) : semop(semid, see_zero, 1)) != -1)
        return true;
    /* EAGAIN: another process has already operated on the set without waiting, which also sets sem_otime. */
    struct semid_ds status;
    return errno == EAGAIN && semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) != -1 &&
           status.sem_otime != 0;
}

/* Waits until the creator has initialized the set. Returns false, with errno, if the set was removed or the
 * deadline has passed. */
static bool await_initialised(int semid, const struct timespec *deadline) {
    struct semid_ds status;
    struct timespec backoff = peer_first_backoff;
    peer_set_failed_call("semctl");
    while (semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) != -1) {
        if (status.sem_otime != 0)
            return true;
        if (!peer_pause_before(deadline, &backoff))
            return false;
    }
    return false;
}

static int create_or_open(key_t key, int nsems, unsigned short value, mode_t mode,
                          const struct timespec *deadline, bool *created) {
    for (;;) {
        peer_set_failed_call("semget");
        int semid = semget(key, nsems, IPC_CREAT | IPC_EXCL | (int)mode);
        *created = semid != -1;
        if (*created) {
            if (initialise(semid, nsems, value))
                return semid;
            int error = errno;
            semctl(semid, 0, IPC_RMID);
            errno = error;
            return -1;
        }
        if (errno != EEXIST)
            return -1;
        semid = semget(key, nsems, 0);
        if (semid != -1 && await_initialised(semid, deadline))
            return semid;
        /* The set was removed, or its creator failed: create it. */
        if (errno != ENOENT && errno != EIDRM && !(semid != -1 && errno == EINVAL))
            return -1;
    }
}

void peer_perform_semget_init(struct call *call) {
    key_t key = peer_key(call, "key");
    int nsems = (int)peer_number(call, "nsems", INT32_MIN, INT32_MAX);
    unsigned short value = (unsigned short)peer_number(call, "value", 0, UINT16_MAX);
    mode_t mode = peer_mode_or(call, "mode", 0600);
    bool timed = peer_has(call, "timeout"), created;
    struct timespec timeout = timed ? peer_seconds(call, "timeout") : (struct timespec){0};
    if (call->outcome != OK)
        return;
    struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    int semid = create_or_open(key, nsems, value, mode, timed ? &deadline : NULL, &created);
    if (semid == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply_semid(call, semid);
    peer_reply(call, "created", "%s", created ? "yes" : "no");
}
