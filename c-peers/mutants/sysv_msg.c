/* System V messages. */
#include "mutant.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>

WRAPPED(msgsnd);
WRAPPED(msgrcv);
WRAPPED(msgctl);
WRAPPED(msgget);

void answer_ahead(void);
void leave_keyed(const char *kind, key_t key);

struct message {
    long mtype;
    char mtext[];
};

int __wrap_msgsnd(int queue, const void *message, size_t length, int flags) {
    const struct message *sent = message;
    /* The peer passes the size of the structure instead of the size of its text. */
    if (mutant("msg-type-counted"))
        length += sizeof sent->mtype;
    if (mutant("msg-text-as-string"))
        length = strnlen(sent->mtext, length);
    /* The peer truncates the type to 32 bits. */
    if (mutant("msg-type-truncated"))
        ((struct message *)message)->mtype = (int32_t)sent->mtype;
    /* The peer replaces an invalid type instead of rejecting it. */
    if (sent->mtype <= 0 && mutant("msg-invalid-type-corrected"))
        ((struct message *)message)->mtype = 1;
    /* The peer responds before the queue has space. */
    if (!(flags & IPC_NOWAIT) && mutant("answers-before-sending"))
        answer_ahead();
    int result = __real_msgsnd(queue, message, length, flags);
    /* After sending a message, the peer sets the queue's limit to the size of its contents. */
    struct msqid_ds status;
    if (result == 0 && mutant("msg-limit-of-contents") && __real_msgctl(queue, IPC_STAT, &status) == 0) {
        status.msg_qbytes = status.__msg_cbytes;
        __real_msgctl(queue, IPC_SET, &status);
    }
    return result;
}

ssize_t __wrap_msgrcv(int queue, void *message, size_t size, long type, int flags) {
    /* The peer drops the type's sign. */
    if (type < 0 && mutant("msg-negative-type-lost"))
        type = -type;
    if (mutant("msg-selection-truncated"))
        type = (int32_t)type;
    /* With a timeout, the peer polls with a different function that receives the first message. */
    if (flags & IPC_NOWAIT && mutant("timed-message-of-any-type"))
        type = 0;
    /* The peer always sets MSG_NOERROR, so it truncates messages silently. */
    if (mutant("msg-truncated-silently"))
        flags |= MSG_NOERROR;
    /* <sys/msg.h> declares MSG_EXCEPT only with _GNU_SOURCE, and the port omits it. */
    if (mutant("msg-except-lost"))
        flags &= ~MSG_EXCEPT;
    ssize_t result = __real_msgrcv(queue, message, size, type, flags);
    /* The peer retries after a second, although the request has IPC_NOWAIT. */
    if (result == -1 && errno == ENOMSG && flags & IPC_NOWAIT && mutant("msg-nowait-tries-again")) {
        sleep(1);
        result = __real_msgrcv(queue, message, size, type, flags);
    }
    /* The peer reports every wrong identifier as EINVAL. */
    if (result == -1 && errno == EIDRM && mutant("msg-removed-as-invalid"))
        errno = EINVAL;
    /* The peer includes the type in the received length. */
    if (result != -1 && mutant("msg-received-type-counted"))
        result += (ssize_t)sizeof(long);
    while (result == -1 && errno == EINTR && mutant("msg-hides-interruption"))
        result = __real_msgrcv(queue, message, size, type, flags);
    return result;
}

int __wrap_msgctl(int queue, int command, struct msqid_ds *status) {
    /* The peer does not remove the queue, which outlives the process. */
    if (command == IPC_RMID && mutant("msg-removal-forgotten"))
        return 0;
    /* The peer fills the IPC_SET structure with its defaults, so changing the mode resets the limit. */
    struct msqid_ds other;
    if (command == IPC_SET && status->msg_perm.mode == 0600 && mutant("msg-limit-reset")) {
        other = *status;
        other.msg_qbytes = 16384;
        status = &other;
    }
    int result = __real_msgctl(queue, command, status);
    if (command == IPC_STAT && result == 0 && mutant("msg-last-pids-exchanged")) {
        pid_t sender = status->msg_lspid;
        status->msg_lspid = status->msg_lrpid;
        status->msg_lrpid = sender;
    }
    /* The peer calls the old interface, which has 16-bit process ids. */
    if (command == IPC_STAT && result == 0 && mutant("msg-pids-of-16-bits")) {
        status->msg_lspid = (uint16_t)status->msg_lspid;
        status->msg_lrpid = (uint16_t)status->msg_lrpid;
    }
    return result;
}

static int remove_queue(int queue) {
    return __real_msgctl(queue, IPC_RMID, NULL);
}

int __wrap_msgget(key_t key, int flags) {
    if (flags & IPC_CREAT)
        leave_keyed("msg", key);
    if (mutant("msg-exclusive-forgotten"))
        flags &= ~IPC_EXCL;
    if (mutant("key-of-31-bits"))
        key &= INT_MAX;
    int queue = __real_msgget(key, flags);
    if (queue != -1 && !(flags & IPC_CREAT) && mutant("msg-removed-at-exit"))
        remove_identifier_at_exit(remove_queue, queue);
    /* The peer limits a queue that it opens to the size of its own buffer. */
    struct msqid_ds status;
    if (queue != -1 && !(flags & IPC_CREAT) && mutant("msg-limit-of-buffer") &&
        __real_msgctl(queue, IPC_STAT, &status) == 0) {
        status.msg_qbytes = 1024;
        __real_msgctl(queue, IPC_SET, &status);
    }
    return queue;
}
