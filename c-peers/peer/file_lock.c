/* File locks: fcntl(2) locks on byte ranges, owned by a process or an open file description, and flock(2)
 * locks on whole files. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* These calls take no deadline: with a timeout, a nonblocking attempt is repeated after pauses. */
static bool wait_again(struct call *call, const struct timeout *wait, struct timespec *backoff) {
    if (errno == EINTR && wait->retry)
        return true;
    if (errno != EAGAIN || wait->never) {
        peer_fail(call, errno);
        return false;
    }
    if (peer_pause_before(&wait->deadline, backoff) || (errno == EINTR && wait->retry))
        return true;
    peer_fail(call, errno);
    return false;
}

static void reply_conflict(struct call *call, const struct flock *lock) {
    static const struct symbol types[] = {SYMBOL(F_RDLCK), SYMBOL(F_WRLCK), SYMBOL(F_UNLCK), {0}};
    peer_reply(call, "l_type", "%s", peer_symbol_name(lock->l_type, types) ?: "?");
    if (lock->l_type == F_UNLCK)
        return;
    peer_reply(call, "l_start", "%lld", (long long)lock->l_start);
    peer_reply(call, "l_len", "%lld", (long long)lock->l_len);
    peer_reply(call, "l_pid", "%d", lock->l_pid);
}

static void perform_fcntl_lock(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(F_SETLK),
                                             SYMBOL(F_SETLKW),
                                             SYMBOL(F_GETLK),
                                             SYMBOL(F_OFD_SETLK),
                                             SYMBOL(F_OFD_SETLKW),
                                             SYMBOL(F_OFD_GETLK),
                                             {0}};
    static const struct symbol types[] = {SYMBOL(F_RDLCK), SYMBOL(F_WRLCK), SYMBOL(F_UNLCK), {0}};
    int fd = peer_descriptor(call);
    int command = peer_symbol(call, "cmd", commands);
    struct flock lock = {.l_whence = SEEK_SET};
    lock.l_type = (short)peer_symbol(call, "l_type", types);
    lock.l_start = peer_offset(call, "l_start", INT64_MIN);
    lock.l_len = peer_offset(call, "l_len", INT64_MIN);
    struct timeout wait = peer_optional_timeout(call);
    const bool asks = command == F_GETLK || command == F_OFD_GETLK;
    if (asks && lock.l_type == F_UNLCK)
        peer_invalid_request(call, "F_GETLK asks for a lock: l_type is F_RDLCK or F_WRLCK");
    if (!wait.never && command != F_SETLKW && command != F_OFD_SETLKW)
        peer_invalid_request(call, "a timeout needs F_SETLKW or F_OFD_SETLKW");
    if (call->outcome != OK)
        return;
    if (!wait.never)
        command = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
    peer_set_failed_call("fcntl");
    struct timespec backoff = peer_first_backoff;
    while (fcntl(fd, command, &lock) == -1)
        if (!wait_again(call, &wait, &backoff))
            return;
    if (asks)
        reply_conflict(call, &lock);
}

static void perform_flock(struct call *call) {
    static const struct symbol operations[] = {
        SYMBOL(LOCK_SH), SYMBOL(LOCK_EX), SYMBOL(LOCK_UN), SYMBOL(LOCK_NB), {0}};
    int fd = peer_descriptor(call);
    int operation = peer_flags(call, "operation", operations);
    struct timeout wait = peer_optional_timeout(call);
    if (!wait.never && operation & (LOCK_NB | LOCK_UN))
        peer_invalid_request(call, "a timeout needs LOCK_SH or LOCK_EX");
    if (call->outcome != OK)
        return;
    struct timespec backoff = peer_first_backoff;
    while (flock(fd, wait.never ? operation : operation | LOCK_NB) == -1)
        if (!wait_again(call, &wait, &backoff))
            return;
}

const struct operation peer_file_lock_operations[] = {
    {"fcntl_lock", "handle cmd l_type l_start l_len timeout eintr", perform_fcntl_lock},
    {"flock", "handle operation timeout eintr", perform_flock},
    {0},
};
