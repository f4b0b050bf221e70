/* System V message queues. */
#include "sysv_msg.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/msg.h>

/* The queue that is used for requests without `msqid`. */
static int latest = -1;

int peer_msqid(struct call *call) {
    int msqid = (int)peer_number_or(call, "msqid", INT32_MIN, INT32_MAX, latest);
    if (!peer_has(call, "msqid") && latest == -1)
        peer_invalid_request(call, "there was no msgget yet, so 'msqid' is required");
    return msqid;
}

static void perform_msgget(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_CREAT), SYMBOL(IPC_EXCL), {0}};
    key_t key = peer_key(call, "key");
    int wanted = peer_flags_or(call, "msgflg", known, 0) | (int)peer_mode_or(call, "mode", 0600);
    if (call->outcome != OK)
        return;
    int msqid = msgget(key, wanted);
    if (msqid == -1) {
        peer_fail(call, errno);
        return;
    }
    latest = msqid;
    peer_reply(call, "msqid", "%d", msqid);
}

/* How a call waits. System V calls take no deadline: with a timeout, the peer tries without waiting, and
 * pauses between attempts, longer each time. */
struct wait {
    bool retry, timed;
    struct timespec deadline, backoff;
};

static struct wait begin_wait(struct call *call, int *msgflg) {
    struct wait wait = {
        .retry = peer_retries(call), .timed = peer_has(call, "timeout"), .backoff = peer_first_backoff};
    if (wait.timed) {
        wait.deadline = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "timeout"));
        if (*msgflg & IPC_NOWAIT)
            peer_invalid_request(call, "with IPC_NOWAIT there is nothing to wait for");
        *msgflg |= IPC_NOWAIT;
    }
    return wait;
}

/* Returns whether to repeat a failed call; `busy` is the error from a call that would have blocked. If the
 * call is not to be repeated, errno is the result. */
static bool wait_again(struct wait *wait, int busy) {
    if (errno == EINTR)
        return wait->retry;
    if (!wait->timed || errno != busy)
        return false;
    return peer_pause_before(&wait->deadline, &wait->backoff) || (errno == EINTR && wait->retry);
}

static void perform_msgsnd(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_NOWAIT), {0}};
    int msqid = peer_msqid(call);
    long mtype = peer_long_or(call, "mtype", 0);
    peer_text(call, "mtype"); /* checks that the required parameter exists */
    struct payload text = peer_payload(call, "mtext", "msgsz");
    int msgflg = peer_flags_or(call, "msgflg", known, 0);
    struct wait wait = begin_wait(call, &msgflg);
    /* A pattern is generated in the same buffer, and then moved after the type. */
    struct message *message = call->outcome == OK ? peer_scratch(call, sizeof *message + text.length) : NULL;
    int result;
    if (!message)
        return;
    if (peer_has(call, "pattern"))
        text.bytes = message; /* the buffer may have moved when it was enlarged */
    memmove(message->mtext, text.bytes, text.length);
    message->mtype = mtype;
    do
        result = msgsnd(msqid, message, text.length, msgflg);
    while (result == -1 && wait_again(&wait, EAGAIN));
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_msgrcv(struct call *call) {
    static const struct symbol known[] = {
        SYMBOL(IPC_NOWAIT), SYMBOL(MSG_NOERROR), SYMBOL(MSG_EXCEPT), SYMBOL(MSG_COPY), {0}};
    int msqid = peer_msqid(call);
    size_t msgsz = (size_t)peer_number(call, "msgsz", 0, SSIZE_MAX);
    long msgtyp = peer_long_or(call, "msgtyp", 0);
    int msgflg = peer_flags_or(call, "msgflg", known, 0);
    struct expectation expected = peer_expectation(call);
    struct wait wait = begin_wait(call, &msgflg);
    struct message *message = call->outcome == OK ? peer_scratch(call, sizeof *message + msgsz) : NULL;
    ssize_t length;
    if (!message)
        return;
    do
        length = msgrcv(msqid, message, msgsz, msgtyp, msgflg);
    while (length == -1 && wait_again(&wait, ENOMSG));
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply(call, "mtype", "%ld", message->mtype);
    peer_reply_payload(call, "mtext", expected, message->mtext, (size_t)length);
}

static void get_status(struct call *call, int msqid) {
    struct msqid_ds status;
    bool times = peer_is_set(call, "times");
    if (call->outcome != OK)
        return;
    if (msgctl(msqid, IPC_STAT, &status) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "mode", "%o", status.msg_perm.mode & 0777);
    peer_reply(call, "uid", "%u", status.msg_perm.uid);
    peer_reply(call, "gid", "%u", status.msg_perm.gid);
    peer_reply(call, "cuid", "%u", status.msg_perm.cuid);
    peer_reply(call, "cgid", "%u", status.msg_perm.cgid);
    peer_reply(call, "msg_qnum", "%lu", (unsigned long)status.msg_qnum);
    peer_reply(call, "msg_cbytes", "%lu", (unsigned long)status.__msg_cbytes);
    peer_reply(call, "msg_qbytes", "%lu", (unsigned long)status.msg_qbytes);
    peer_reply(call, "msg_lspid", "%d", status.msg_lspid);
    peer_reply(call, "msg_lrpid", "%d", status.msg_lrpid);
    if (!times)
        return;
    peer_reply(call, "msg_stime", "%lld", (long long)status.msg_stime);
    peer_reply(call, "msg_rtime", "%lld", (long long)status.msg_rtime);
    peer_reply(call, "msg_ctime", "%lld", (long long)status.msg_ctime);
}

static void set_status(struct call *call, int msqid) {
    struct msqid_ds status = {0};
    struct ipc_perm *owner = &status.msg_perm;
    /* IPC_STAT needs read permission. A process may be allowed to call IPC_SET without having it. */
    bool complete = peer_has(call, "mode") && peer_has(call, "uid") && peer_has(call, "gid") &&
                    peer_has(call, "msg_qbytes");
    if (!complete && msgctl(msqid, IPC_STAT, &status) == -1)
        peer_fail(call, errno);
    owner->mode = (unsigned short)peer_mode_or(call, "mode", owner->mode);
    owner->uid = (uid_t)peer_number_or(call, "uid", 0, UINT32_MAX, owner->uid);
    owner->gid = (gid_t)peer_number_or(call, "gid", 0, UINT32_MAX, owner->gid);
    status.msg_qbytes =
        (msglen_t)peer_number_or(call, "msg_qbytes", 0, LLONG_MAX, (long long)status.msg_qbytes);
    if (call->outcome == OK && msgctl(msqid, IPC_SET, &status) == -1)
        peer_fail(call, errno);
}

static void perform_msgctl(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(IPC_STAT), SYMBOL(IPC_SET), SYMBOL(IPC_RMID), {0}};
    int msqid = peer_msqid(call);
    int command = peer_symbol(call, "cmd", commands);
    if (call->outcome != OK)
        return;
    switch (command) {
    case IPC_STAT: get_status(call, msqid); return;
    case IPC_SET: set_status(call, msqid); return;
    }
    if (msgctl(msqid, IPC_RMID, NULL) == -1)
        peer_fail(call, errno);
}

const struct operation peer_sysv_msg_operations[] = {
    {"msgget", "key msgflg mode", perform_msgget},
    {"msgsnd", "msqid mtype mtext msgsz pattern offset msgflg timeout eintr", perform_msgsnd},
    {"msgrcv", "msqid msgsz msgtyp msgflg pattern offset timeout eintr", perform_msgrcv},
    {"msgctl", "msqid cmd mode uid gid msg_qbytes times", perform_msgctl},
    {0},
};
