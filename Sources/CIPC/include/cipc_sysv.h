// System V keys, shared memory, semaphores and messages: ftok(3) has a key that looks like its error,
// semctl(2) is variadic with a union by value, semtimedop(2), MSG_EXCEPT and MSG_COPY are hidden, and the
// status structures carry names of the libc. Each function returns what its namesake returns, and leaves
// errno as it does.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What shmid_ds, semid_ds and msqid_ds have in common: struct ipc_perm.
struct cipc_ipc_ownership {
    uint32_t user;
    uint32_t group;
    uint32_t creator_user;
    uint32_t creator_group;
    uint32_t mode;
};

/// ftok(3), apart from its result: a key of -1 is legitimate, so the key comes by pointer and the result is 0
/// or -1.
int cipc_ftok(const char *path, int project, int32_t *key);

/// shmctl(2) with IPC_STAT.
struct cipc_shm_status {
    struct cipc_ipc_ownership ownership;
    size_t size;
    uint64_t attachments;
    int32_t creator;
    int32_t last;
};
int cipc_shm_stat(int segment, struct cipc_shm_status *status);
/// shmctl(2) with IPC_SET: the user, the group and the nine bits of the mode.
int cipc_shm_set(int segment, uint32_t user, uint32_t group, uint32_t mode);

/// struct sembuf.
struct cipc_semaphore_operation {
    uint16_t number;
    int16_t delta;
    int16_t flags;
};
/// semtimedop(2). `nanoseconds` is how long to wait at most; negative: for ever, as semop(2) does.
int cipc_semtimedop(int set, const struct cipc_semaphore_operation *operations, size_t count,
                    int64_t nanoseconds);

/// semctl(2): GETVAL, GETPID, GETNCNT, GETZCNT, IPC_RMID take no argument, SETVAL a value, GETALL and SETALL
/// an array.
int cipc_semctl(int set, int number, int command);
int cipc_semctl_value(int set, int number, int command, int value);
int cipc_semctl_array(int set, int command, uint16_t *values);

/// semctl(2) with IPC_STAT.
struct cipc_sem_status {
    struct cipc_ipc_ownership ownership;
    size_t count;
    int64_t last_operation;
};
int cipc_sem_stat(int set, struct cipc_sem_status *status);
/// semctl(2) with IPC_SET: the user, the group and the nine bits of the mode.
int cipc_sem_set(int set, uint32_t user, uint32_t group, uint32_t mode);

enum { CIPC_MSG_NOERROR = 010000, CIPC_MSG_EXCEPT = 020000, CIPC_MSG_COPY = 040000 };

/// msgctl(2) with IPC_STAT.
struct cipc_msg_status {
    struct cipc_ipc_ownership ownership;
    uint64_t messages;
    uint64_t bytes;
    uint64_t capacity;
    int32_t last_sender;
    int32_t last_receiver;
};
int cipc_msg_stat(int queue, struct cipc_msg_status *status);
/// msgctl(2) with IPC_SET: the user, the group, the nine bits of the mode, and msg_qbytes.
int cipc_msg_set(int queue, uint32_t user, uint32_t group, uint32_t mode, uint64_t capacity);
