/* System V semaphores: values, status, owner and removal. */
#include "sysv_sem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

/* Returns the number of semaphores, which is the number of values that the kernel reads or writes. */
static size_t set_size(struct call *call, int semid) {
    struct semid_ds status = {0};
    if (call->outcome == OK && semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1)
        peer_fail(call, errno);
    return status.sem_nsems;
}

static void get_all(struct call *call, int semid) {
    size_t count = set_size(call, semid), length = 0;
    unsigned short *values = call->outcome == OK ? peer_scratch(call, count * sizeof *values) : NULL;
    if (!values)
        return;
    if (semctl(semid, 0, GETALL, (union semun){.array = values}) == -1) {
        peer_fail(call, errno);
        return;
    }
    static char list[LINE_SIZE];
    for (size_t i = 0; i < count && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, i == 0 ? "%u" : ",%u", values[i]);
    peer_reply_bytes(call, "array", list, length);
}

static void set_all(struct call *call, int semid) {
    char *list = (char *)peer_text(call, "array"), *word;
    size_t count = peer_list_length(list), filled = 0;
    unsigned short *values = peer_scratch(call, count * sizeof *values);
    while (values && (word = strsep(&list, ","))) {
        const char *wrong = NULL;
        values[filled++] = (unsigned short)peer_parse_number(word, 0, UINT16_MAX, &wrong);
        if (wrong)
            peer_invalid_request(call, "array is numbers joined by commas");
    }
    size_t size = set_size(call, semid);
    if (call->outcome == OK && size != count)
        peer_invalid_request(call, "the set has %zu semaphores, not %zu", size, count);
    if (call->outcome == OK && semctl(semid, 0, SETALL, (union semun){.array = values}) == -1)
        peer_fail(call, errno);
}

static void get_status(struct call *call, int semid) {
    struct semid_ds status;
    bool times = peer_is_set(call, "times");
    if (call->outcome != OK)
        return;
    if (semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "mode", "%o", status.sem_perm.mode & 0777);
    peer_reply(call, "uid", "%u", status.sem_perm.uid);
    peer_reply(call, "gid", "%u", status.sem_perm.gid);
    peer_reply(call, "cuid", "%u", status.sem_perm.cuid);
    peer_reply(call, "cgid", "%u", status.sem_perm.cgid);
    peer_reply(call, "sem_nsems", "%lu", (unsigned long)status.sem_nsems);
    peer_reply(call, "initialised", "%s", status.sem_otime != 0 ? "yes" : "no");
    if (!times)
        return;
    peer_reply(call, "sem_otime", "%lld", (long long)status.sem_otime);
    peer_reply(call, "sem_ctime", "%lld", (long long)status.sem_ctime);
}

static void set_owner(struct call *call, int semid) {
    struct semid_ds status = {0};
    struct ipc_perm *owner = &status.sem_perm;
    /* IPC_STAT needs read permission. A process may be allowed to call IPC_SET without having it. */
    bool complete = peer_has(call, "mode") && peer_has(call, "uid") && peer_has(call, "gid");
    if (!complete && semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1)
        peer_fail(call, errno);
    owner->mode = (unsigned short)peer_mode_or(call, "mode", owner->mode);
    owner->uid = (uid_t)peer_number_or(call, "uid", 0, UINT32_MAX, owner->uid);
    owner->gid = (gid_t)peer_number_or(call, "gid", 0, UINT32_MAX, owner->gid);
    if (call->outcome == OK && semctl(semid, 0, IPC_SET, (union semun){.buf = &status}) == -1)
        peer_fail(call, errno);
}

void peer_perform_semctl(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(GETVAL),
                                             SYMBOL(GETPID),
                                             SYMBOL(GETNCNT),
                                             SYMBOL(GETZCNT),
                                             SYMBOL(SETVAL),
                                             SYMBOL(GETALL),
                                             SYMBOL(SETALL),
                                             SYMBOL(IPC_STAT),
                                             SYMBOL(IPC_SET),
                                             SYMBOL(IPC_RMID),
                                             {0}};
    int semid = peer_semid(call);
    int semnum = (int)peer_number_or(call, "semnum", INT32_MIN, INT32_MAX, 0);
    int command = peer_symbol(call, "cmd", commands);
    union semun argument = {.val =
                                command == SETVAL ? (int)peer_number(call, "val", INT32_MIN, INT32_MAX) : 0};
    if (call->outcome != OK)
        return;
    switch (command) {
    case GETALL: get_all(call, semid); return;
    case SETALL: set_all(call, semid); return;
    case IPC_STAT: get_status(call, semid); return;
    case IPC_SET: set_owner(call, semid); return;
    }
    int result = semctl(semid, semnum, command, argument);
    if (result == -1)
        peer_fail(call, errno);
    else if (command != SETVAL && command != IPC_RMID)
        peer_reply(call, "return", "%d", result);
}
