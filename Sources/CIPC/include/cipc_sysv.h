// System V keys, shared memory, semaphores and messages. Swift cannot use the C functions: a valid key from
// ftok(3) can look like an error, semctl(2) is variadic and takes a union by value, semtimedop(2), MSG_EXCEPT
// and MSG_COPY are hidden, and the names in the status structures differ between C libraries. Each function
// returns the same result as the C function that it is named after, and sets errno in the same way.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Mirrors struct ipc_perm, which shmid_ds, semid_ds and msqid_ds have in common.
struct cipc_ipc_ownership {
    uint32_t user;
    uint32_t group;
    uint32_t creator_user;
    uint32_t creator_group;
    uint32_t mode;
};

/// Calls ftok(3). Returns 0 or -1, and stores the key separately, because -1 is also a valid key.
int cipc_ftok(const char *path, int project, int32_t *key);

/// Calls shmctl(2) with IPC_STAT.
struct cipc_shm_status {
    struct cipc_ipc_ownership ownership;
    size_t size;
    uint64_t attachments;
    int32_t creator;
    int32_t last;
    /// Whether shm_atime is not 0. `last` cannot show this, because `last` is also 0 for a process in another
    /// PID namespace.
    _Bool was_attached;
    /// Seconds since 1970; 0 if the event has never occurred.
    int64_t attach_time, detach_time, change_time;
    _Bool is_locked;
};
int cipc_shm_stat(int segment, struct cipc_shm_status *status);
/// Calls shmctl(2) with SHM_LOCK or SHM_UNLOCK.
int cipc_shm_lock(int segment, int lock);
/// Calls shmctl(2) with IPC_SET to set the user, the group and the nine mode bits.
int cipc_shm_set(int segment, uint32_t user, uint32_t group, uint32_t mode);

/// Mirrors struct sembuf.
struct cipc_semaphore_operation {
    uint16_t number;
    int16_t delta;
    int16_t flags;
};
int cipc_semop(int set, const struct cipc_semaphore_operation *operations, size_t count);
/// Calls semtimedop(2), which waits for at most `nanoseconds`. A negative value means no limit, as in
/// semop(2).
int cipc_semtimedop(int set, const struct cipc_semaphore_operation *operations, size_t count,
                    int64_t nanoseconds);

/// Call semctl(2). GETVAL, GETPID, GETNCNT, GETZCNT and IPC_RMID take no argument, SETVAL takes a value, and
/// GETALL and SETALL take an array.
int cipc_semctl(int set, int number, int command);
int cipc_semctl_value(int set, int number, int command, int value);
int cipc_semctl_array(int set, int command, uint16_t *values);

/// Calls semctl(2) with IPC_STAT.
struct cipc_sem_status {
    struct cipc_ipc_ownership ownership;
    size_t count;
    /// Seconds since 1970; 0 if the event has never occurred.
    int64_t last_operation, change_time;
};
int cipc_sem_stat(int set, struct cipc_sem_status *status);
/// Calls semctl(2) with IPC_SET to set the user, the group and the nine mode bits.
int cipc_sem_set(int set, uint32_t user, uint32_t group, uint32_t mode);

enum { CIPC_MSG_NOERROR = 010000, CIPC_MSG_EXCEPT = 020000, CIPC_MSG_COPY = 040000 };

/// Calls msgctl(2) with IPC_STAT.
struct cipc_msg_status {
    struct cipc_ipc_ownership ownership;
    uint64_t messages;
    uint64_t bytes;
    uint64_t capacity;
    int32_t last_sender;
    int32_t last_receiver;
    /// Whether msg_stime and msg_rtime are not 0. The process IDs cannot show this, because the IDs are also
    /// 0 for processes in another PID namespace.
    _Bool was_sent_to;
    _Bool was_received_from;
    /// Seconds since 1970; 0 if the event has never occurred.
    int64_t send_time, receive_time, change_time;
};
int cipc_msg_stat(int queue, struct cipc_msg_status *status);
/// Calls msgctl(2) with IPC_SET to set the user, the group, the nine mode bits and msg_qbytes.
int cipc_msg_set(int queue, uint32_t user, uint32_t group, uint32_t mode, uint64_t capacity);

/// The maximum length of a message that is copied on the stack, without an allocation. This is the default
/// msgmax.
enum { CIPC_MSG_ON_STACK = 8192 };
/// Call msgsnd(2) and msgrcv(2) with the type separate from the text.
int cipc_msgsnd(int queue, long type, const void *text, size_t length, int flags);
/// The length is -1 if the call failed.
struct cipc_msg_received {
    intptr_t length;
    long type;
};
struct cipc_msg_received cipc_msgrcv(int queue, void *text, size_t length, long selection, int flags);
