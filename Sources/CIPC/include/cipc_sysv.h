// System V keys, shared memory and semaphores: ftok(3) has a key that looks like its error, semctl(2) is
// variadic with a union by value, semtimedop(2) is hidden, and the status structures carry names of the libc.
// Each function returns what its namesake returns, and leaves errno as it does.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What shmid_ds and semid_ds have in common: struct ipc_perm.
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
