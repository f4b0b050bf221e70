/* System V messages. */
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/msg.h>

/* msgsnd(2): the caller has to define it. The sizes of these calls are those of the text alone. */
struct message {
    long mtype;
    char mtext[];
};

/* The queue that requests without `msqid` mean. */
static int latest = -1;

static int identifier(struct call *call) {
    int msqid = (int)number_or(call, "msqid", INT32_MIN, INT32_MAX, latest);
    if (!has(call, "msqid") && latest == -1)
        refuse(call, "there was no msgget yet, so 'msqid' must be told");
    return msqid;
}

static void perform_msgget(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_CREAT), SYMBOL(IPC_EXCL), {0}};
    key_t key = ipc_key(call, "key");
    int wanted = flags_or(call, "msgflg", known, 0) | (int)permissions_or(call, "mode", 0);
    if (call->outcome != OK)
        return;
    int msqid = msgget(key, wanted);
    if (msqid == -1) {
        fail(call, errno);
        return;
    }
    latest = msqid;
    answer(call, "msqid", "%d", msqid);
}

/* How a call waits. System V has no call with a deadline: with one, the peer tries without waiting, and
 * pauses in between, longer each time. */
struct wait {
    bool retry, timed;
    struct timespec deadline, backoff;
};

static struct wait waiting(struct call *call, int *msgflg) {
    struct wait wait = {.retry = retries(call), .timed = has(call, "timeout"), .backoff = first_backoff};
    if (wait.timed) {
        wait.deadline = time_after(CLOCK_MONOTONIC, seconds(call, "timeout"));
        if (*msgflg & IPC_NOWAIT)
            refuse(call, "with IPC_NOWAIT there is nothing to wait for");
        *msgflg |= IPC_NOWAIT;
    }
    return wait;
}

/* Whether a call that failed is to be made again; `busy` is what it says when it would have had to wait.
 * Where it is not, errno is the answer. */
static bool again(struct wait *wait, int busy) {
    if (errno == EINTR)
        return wait->retry;
    if (!wait->timed || errno != busy)
        return false;
    return pause_before(&wait->deadline, &wait->backoff) || (errno == EINTR && wait->retry);
}

static void perform_msgsnd(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_NOWAIT), {0}};
    int msqid = identifier(call);
    long mtype = number(call, "mtype", LONG_MIN, LONG_MAX);
    struct payload text = payload(call, "mtext", "msgsz");
    int msgflg = flags_or(call, "msgflg", known, 0);
    struct wait wait = waiting(call, &msgflg);
    /* A pattern stands in the same room: it is moved to behind the type. */
    struct message *message = call->outcome == OK ? scratch(call, sizeof *message + text.length) : NULL;
    int result;
    if (!message)
        return;
    if (has(call, "pattern"))
        text.bytes = message; /* the room may have moved when it grew */
    memmove(message->mtext, text.bytes, text.length);
    message->mtype = mtype;
    do
        result = msgsnd(msqid, message, text.length, msgflg);
    while (result == -1 && again(&wait, EAGAIN));
    if (result == -1)
        fail(call, errno);
}

static void perform_msgrcv(struct call *call) {
    static const struct symbol known[] = {
        SYMBOL(IPC_NOWAIT), SYMBOL(MSG_NOERROR), SYMBOL(MSG_EXCEPT), SYMBOL(MSG_COPY), {0}};
    int msqid = identifier(call);
    size_t msgsz = (size_t)number(call, "msgsz", 0, SSIZE_MAX);
    long msgtyp = number_or(call, "msgtyp", LONG_MIN, LONG_MAX, 0);
    int msgflg = flags_or(call, "msgflg", known, 0);
    struct expectation expected = expectation(call);
    struct wait wait = waiting(call, &msgflg);
    struct message *message = call->outcome == OK ? scratch(call, sizeof *message + msgsz) : NULL;
    ssize_t length;
    if (!message)
        return;
    do
        length = msgrcv(msqid, message, msgsz, msgtyp, msgflg);
    while (length == -1 && again(&wait, ENOMSG));
    if (length == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "return", "%zd", length);
    answer(call, "mtype", "%ld", message->mtype);
    answer_payload(call, "mtext", expected, message->mtext, (size_t)length);
}

static void get_status(struct call *call, int msqid) {
    struct msqid_ds status;
    if (msgctl(msqid, IPC_STAT, &status) == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "mode", "%o", status.msg_perm.mode & 0777);
    answer(call, "uid", "%u", status.msg_perm.uid);
    answer(call, "gid", "%u", status.msg_perm.gid);
    answer(call, "cuid", "%u", status.msg_perm.cuid);
    answer(call, "cgid", "%u", status.msg_perm.cgid);
    answer(call, "msg_qnum", "%lu", (unsigned long)status.msg_qnum);
    answer(call, "msg_cbytes", "%lu", (unsigned long)status.__msg_cbytes);
    answer(call, "msg_qbytes", "%lu", (unsigned long)status.msg_qbytes);
    answer(call, "msg_lspid", "%d", status.msg_lspid);
    answer(call, "msg_lrpid", "%d", status.msg_lrpid);
}

static void set_status(struct call *call, int msqid) {
    struct msqid_ds status = {0};
    struct ipc_perm *owner = &status.msg_perm;
    /* IPC_STAT asks for permission to read, which whoever may set need not have. */
    bool all_told = has(call, "mode") && has(call, "uid") && has(call, "gid") && has(call, "msg_qbytes");
    if (!all_told && msgctl(msqid, IPC_STAT, &status) == -1)
        fail(call, errno);
    owner->mode = (unsigned short)permissions_or(call, "mode", owner->mode);
    owner->uid = (uid_t)number_or(call, "uid", 0, UINT32_MAX, owner->uid);
    owner->gid = (gid_t)number_or(call, "gid", 0, UINT32_MAX, owner->gid);
    status.msg_qbytes = (msglen_t)number_or(call, "msg_qbytes", 0, LLONG_MAX, (long long)status.msg_qbytes);
    if (call->outcome == OK && msgctl(msqid, IPC_SET, &status) == -1)
        fail(call, errno);
}

static void perform_msgctl(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(IPC_STAT), SYMBOL(IPC_SET), SYMBOL(IPC_RMID), {0}};
    int msqid = identifier(call);
    int command = one_of(call, "cmd", commands);
    if (call->outcome != OK)
        return;
    switch (command) {
    case IPC_STAT: get_status(call, msqid); return;
    case IPC_SET: set_status(call, msqid); return;
    }
    if (msgctl(msqid, IPC_RMID, NULL) == -1)
        fail(call, errno);
}

const struct operation sysv_msg_operations[] = {
    {"msgget", "key msgflg mode", perform_msgget},
    {"msgsnd", "msqid mtype mtext msgsz pattern offset msgflg timeout eintr", perform_msgsnd},
    {"msgrcv", "msqid msgsz msgtyp msgflg pattern offset timeout eintr", perform_msgrcv},
    {"msgctl", "msqid cmd mode uid gid msg_qbytes", perform_msgctl},
    {0},
};
