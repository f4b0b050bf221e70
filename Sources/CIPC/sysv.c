#include "cipc_sysv.h"

#include "portability.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

// POSIX leaves the definition of this union to the caller.
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

_Static_assert(sizeof(key_t) == sizeof(int32_t), "key_t");
_Static_assert(sizeof(uid_t) == sizeof(uint32_t) && sizeof(gid_t) == sizeof(uint32_t), "uid_t, gid_t");
_Static_assert(sizeof(mode_t) == sizeof(uint32_t) && sizeof(pid_t) == sizeof(int32_t), "mode_t, pid_t");
_Static_assert(sizeof(unsigned short) == sizeof(uint16_t), "the array of GETALL and SETALL");
_Static_assert(sizeof(struct cipc_semaphore_operation) == sizeof(struct sembuf), "struct sembuf");
_Static_assert(offsetof(struct cipc_semaphore_operation, number) == offsetof(struct sembuf, sem_num),
               "sem_num");
_Static_assert(offsetof(struct cipc_semaphore_operation, delta) == offsetof(struct sembuf, sem_op), "sem_op");
_Static_assert(offsetof(struct cipc_semaphore_operation, flags) == offsetof(struct sembuf, sem_flg),
               "sem_flg");

_Static_assert(SEM_UNDO == 0x1000 && IPC_NOWAIT == 0x800, "the flags of SystemVSemaphores.Operation");
_Static_assert((int)CIPC_MSG_NOERROR == MSG_NOERROR && (int)CIPC_MSG_EXCEPT == MSG_EXCEPT &&
                   (int)CIPC_MSG_COPY == MSG_COPY,
               "MSG_*, and the flags of SystemVMessageQueue.Selection");
_Static_assert(sizeof(msgqnum_t) == sizeof(uint64_t) && sizeof(msglen_t) == sizeof(uint64_t),
               "msgqnum_t, msglen_t");

static struct cipc_ipc_ownership mirrored(const struct ipc_perm *permissions) {
    return (struct cipc_ipc_ownership){
        .user = permissions->uid,
        .group = permissions->gid,
        .creator_user = permissions->cuid,
        .creator_group = permissions->cgid,
        .mode = permissions->mode,
    };
}

int cipc_ftok(const char *path, int project, int32_t *key) {
    errno = 0;
    *key = ftok(path, project);
    return *key == -1 && errno != 0 ? -1 : 0;
}

int cipc_shm_stat(int segment, struct cipc_shm_status *status) {
    struct shmid_ds answer;
    int result = shmctl(segment, IPC_STAT, &answer);
    if (result == 0)
        *status = (struct cipc_shm_status){
            .ownership = mirrored(&answer.shm_perm),
            .size = answer.shm_segsz,
            .attachments = answer.shm_nattch,
            .creator = answer.shm_cpid,
            .last = answer.shm_lpid,
            .was_attached = answer.shm_atime != 0,
            .attach_time = answer.shm_atime,
            .detach_time = answer.shm_dtime,
            .change_time = answer.shm_ctime,
            .is_locked = (answer.shm_perm.mode & SHM_LOCKED) != 0,
        };
    return result;
}

int cipc_shm_set(int segment, uint32_t user, uint32_t group, uint32_t mode) {
    struct shmid_ds wanted = {.shm_perm = {.uid = user, .gid = group, .mode = mode}};
    return shmctl(segment, IPC_SET, &wanted);
}

int cipc_shm_lock(int segment, int lock) {
    return shmctl(segment, lock ? SHM_LOCK : SHM_UNLOCK, NULL);
}

int cipc_semop(int set, const struct cipc_semaphore_operation *operations, size_t count) {
    return semop(set, (struct sembuf *)operations, count);
}

int cipc_semtimedop(int set, const struct cipc_semaphore_operation *operations, size_t count,
                    int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return semtimedop(set, (struct sembuf *)operations, count, nanoseconds < 0 ? NULL : &time);
}

int cipc_semctl(int set, int number, int command) {
    return semctl(set, number, command);
}

int cipc_semctl_value(int set, int number, int command, int value) {
    union semun argument = {.val = value};
    return semctl(set, number, command, argument);
}

int cipc_semctl_array(int set, int command, uint16_t *values) {
    union semun argument = {.array = values};
    return semctl(set, 0, command, argument);
}

int cipc_sem_stat(int set, struct cipc_sem_status *status) {
    struct semid_ds answer;
    union semun argument = {.buf = &answer};
    int result = semctl(set, 0, IPC_STAT, argument);
    if (result == 0)
        *status = (struct cipc_sem_status){
            .ownership = mirrored(&answer.sem_perm),
            .count = answer.sem_nsems,
            .last_operation = answer.sem_otime,
            .change_time = answer.sem_ctime,
        };
    return result;
}

int cipc_sem_set(int set, uint32_t user, uint32_t group, uint32_t mode) {
    struct semid_ds wanted = {.sem_perm = {.uid = user, .gid = group, .mode = mode}};
    union semun argument = {.buf = &wanted};
    return semctl(set, 0, IPC_SET, argument);
}

int cipc_msg_stat(int queue, struct cipc_msg_status *status) {
    struct msqid_ds answer;
    int result = msgctl(queue, IPC_STAT, &answer);
    if (result == 0)
        *status = (struct cipc_msg_status){
            .ownership = mirrored(&answer.msg_perm),
            .messages = answer.msg_qnum,
            .bytes = answer.__msg_cbytes,
            .capacity = answer.msg_qbytes,
            .last_sender = answer.msg_lspid,
            .last_receiver = answer.msg_lrpid,
            .was_sent_to = answer.msg_stime != 0,
            .was_received_from = answer.msg_rtime != 0,
            .send_time = answer.msg_stime,
            .receive_time = answer.msg_rtime,
            .change_time = answer.msg_ctime,
        };
    return result;
}

int cipc_msg_set(int queue, uint32_t user, uint32_t group, uint32_t mode, uint64_t capacity) {
    struct msqid_ds wanted = {.msg_perm = {.uid = user, .gid = group, .mode = mode}, .msg_qbytes = capacity};
    return msgctl(queue, IPC_SET, &wanted);
}

// The layout of a message: the type, followed by the text. The text is not initialized, because sending 64
// bytes must not take as long as sending 8 KiB.
struct message {
    long type;
    char text[CIPC_MSG_ON_STACK];
};

static struct message *allocate(size_t length) {
    if (length > SIZE_MAX - sizeof(long)) {
        errno = EINVAL;
        return NULL;
    }
    return malloc(sizeof(long) + length);
}

static void release(struct message *message) {
    int error = errno;
    free(message);
    errno = error;
}

static int send_copy(struct message *message, int queue, long type, const void *text, size_t length,
                     int flags) {
    message->type = type;
    if (length > 0)
        memcpy((char *)message + sizeof(long), text, length);
    return msgsnd(queue, message, length, flags);
}

__attribute__((noinline)) static int send_large(int queue, long type, const void *text, size_t length,
                                                int flags) {
    struct message *message = allocate(length);
    if (message == NULL)
        return -1;
    int result = send_copy(message, queue, type, text, length, flags);
    release(message);
    return result;
}

int cipc_msgsnd(int queue, long type, const void *text, size_t length, int flags) {
    if (length > CIPC_MSG_ON_STACK)
        return send_large(queue, type, text, length, flags);
    struct message message;
    return send_copy(&message, queue, type, text, length, flags);
}

static struct cipc_msg_received receive_copy(struct message *message, int queue, void *text, size_t length,
                                             long selection, int flags) {
    ssize_t count = msgrcv(queue, message, length, selection, flags);
    if (count <= 0)
        return (struct cipc_msg_received){.length = count, .type = count == 0 ? message->type : 0};
    memcpy(text, (char *)message + sizeof(long), (size_t)count);
    return (struct cipc_msg_received){.length = count, .type = message->type};
}

__attribute__((noinline)) static struct cipc_msg_received receive_large(int queue, void *text, size_t length,
                                                                        long selection, int flags) {
    struct message *message = allocate(length);
    if (message == NULL)
        return (struct cipc_msg_received){.length = -1};
    struct cipc_msg_received received = receive_copy(message, queue, text, length, selection, flags);
    release(message);
    return received;
}

struct cipc_msg_received cipc_msgrcv(int queue, void *text, size_t length, long selection, int flags) {
    if (length > CIPC_MSG_ON_STACK)
        return receive_large(queue, text, length, selection, flags);
    struct message message;
    return receive_copy(&message, queue, text, length, selection, flags);
}
