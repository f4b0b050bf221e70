/* System V shared memory. The stores and loads are in mapping.c. */
#include "peer.h"

#include <errno.h>
#include <sys/shm.h>

/* The segment for requests without `shmid`. */
static int latest = -1;

static int identifier(struct call *call) {
    int shmid = (int)peer_number_or(call, "shmid", INT32_MIN, INT32_MAX, latest);
    if (!peer_has(call, "shmid") && latest == -1)
        peer_invalid_request(call, "there was no shmget yet, so 'shmid' is required");
    return shmid;
}

static void perform_ftok(struct call *call) {
    const char *path = peer_text(call, "path");
    int project = (int)peer_number(call, "proj_id", INT32_MIN, INT32_MAX);
    if (call->outcome != OK)
        return;
    key_t key = ftok(path, project);
    if (key == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "key", "0x%x", (unsigned)key);
}

static void perform_shmget(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_CREAT), SYMBOL(IPC_EXCL), {0}};
    key_t key = peer_key(call, "key");
    size_t size = peer_size(call, "size");
    int wanted = peer_flags_or(call, "shmflg", known, 0) | (int)peer_mode_or(call, "mode", 0600);
    if (call->outcome != OK)
        return;
    int shmid = shmget(key, size, wanted);
    if (shmid == -1) {
        peer_fail(call, errno);
        return;
    }
    latest = shmid;
    peer_reply(call, "shmid", "%d", shmid);
}

static void perform_shmat(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SHM_RDONLY), {0}};
    const char *handle = peer_new_handle(call, "handle");
    int shmid = identifier(call);
    int wanted = peer_flags_or(call, "shmflg", known, 0);
    struct shmid_ds status;
    if (call->outcome != OK)
        return;
    void *address = shmat(shmid, NULL, wanted);
    if (address == (void *)-1) {
        peer_fail(call, errno);
        return;
    }
    /* Call IPC_STAT only now: while the segment is attached, its identifier cannot be reused. */
    if (shmctl(shmid, IPC_STAT, &status) == -1) {
        peer_fail_in(call, "shmctl", errno);
        shmdt(address);
        return;
    }
    peer_register_segment(handle, (struct segment){address, status.shm_segsz, wanted & SHM_RDONLY, false});
    peer_reply(call, "size", "%zu", status.shm_segsz);
}

static void perform_shmdt(struct call *call) {
    struct segment held = peer_segment(call);
    if (call->outcome == OK && held.mapped)
        peer_invalid_request(call, "the handle is not an attached segment");
    if (call->outcome != OK)
        return;
    if (shmdt(held.address) == -1)
        peer_fail(call, errno);
    else
        peer_release_handle(call);
}

static void reply_status(struct call *call, const struct shmid_ds *status, bool times) {
    peer_reply(call, "mode", "%o", status->shm_perm.mode & 0777);
    peer_reply(call, "uid", "%u", status->shm_perm.uid);
    peer_reply(call, "gid", "%u", status->shm_perm.gid);
    peer_reply(call, "cuid", "%u", status->shm_perm.cuid);
    peer_reply(call, "cgid", "%u", status->shm_perm.cgid);
    peer_reply(call, "shm_segsz", "%zu", status->shm_segsz);
    peer_reply(call, "shm_nattch", "%lu", (unsigned long)status->shm_nattch);
    peer_reply(call, "shm_cpid", "%d", status->shm_cpid);
    peer_reply(call, "shm_lpid", "%d", status->shm_lpid);
    peer_reply(call, "dest", "%s", status->shm_perm.mode & SHM_DEST ? "yes" : "no");
    if (!times)
        return;
    peer_reply(call, "shm_atime", "%lld", (long long)status->shm_atime);
    peer_reply(call, "shm_dtime", "%lld", (long long)status->shm_dtime);
    peer_reply(call, "shm_ctime", "%lld", (long long)status->shm_ctime);
    peer_reply(call, "locked", "%s", status->shm_perm.mode & SHM_LOCKED ? "yes" : "no");
}

static void perform_shmctl(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(IPC_STAT), SYMBOL(IPC_SET),    SYMBOL(IPC_RMID),
                                             SYMBOL(SHM_LOCK), SYMBOL(SHM_UNLOCK), {0}};
    int shmid = identifier(call);
    int command = peer_symbol(call, "cmd", commands);
    struct shmid_ds status = {0};
    struct ipc_perm *owner = &status.shm_perm;
    /* IPC_STAT needs read permission. A process may be allowed to call IPC_SET without having it. */
    bool complete = peer_has(call, "mode") && peer_has(call, "uid") && peer_has(call, "gid");
    if (command == IPC_SET && !complete && call->outcome == OK && shmctl(shmid, IPC_STAT, &status) == -1)
        peer_fail(call, errno);
    if (command == IPC_SET) {
        owner->mode = (unsigned short)peer_mode_or(call, "mode", owner->mode);
        owner->uid = (uid_t)peer_number_or(call, "uid", 0, UINT32_MAX, owner->uid);
        owner->gid = (gid_t)peer_number_or(call, "gid", 0, UINT32_MAX, owner->gid);
    }
    bool times = peer_is_set(call, "times");
    if (call->outcome != OK)
        return;
    if (shmctl(shmid, command, &status) == -1)
        peer_fail(call, errno);
    else if (command == IPC_STAT)
        reply_status(call, &status, times);
}

const struct operation peer_sysv_shm_operations[] = {
    {"ftok", "path proj_id", perform_ftok},
    {"shmget", "key size shmflg mode", perform_shmget},
    {"shmat", "handle shmid shmflg", perform_shmat},
    {"shmdt", "handle", perform_shmdt},
    {"shmctl", "shmid cmd mode uid gid times", perform_shmctl},
    {0},
};
