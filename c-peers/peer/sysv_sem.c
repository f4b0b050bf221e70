/* System V semaphores: sets and operations on them. */
#include "sysv_sem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

static int latest = -1;

void peer_reply_semid(struct call *call, int semid) {
    latest = semid;
    peer_reply(call, "semid", "%d", semid);
}

int peer_semid(struct call *call) {
    int semid = (int)peer_number_or(call, "semid", INT32_MIN, INT32_MAX, latest);
    if (!peer_has(call, "semid") && latest == -1)
        peer_invalid_request(call, "there was no semget yet, so 'semid' is required");
    return semid;
}

static void perform_semget(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_CREAT), SYMBOL(IPC_EXCL), {0}};
    key_t key = peer_key(call, "key");
    int nsems = (int)peer_number(call, "nsems", INT32_MIN, INT32_MAX);
    int wanted = peer_flags_or(call, "semflg", known, 0) | (int)peer_mode_or(call, "mode", 0600);
    if (call->outcome != OK)
        return;
    int semid = semget(key, nsems, wanted);
    if (semid == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply_semid(call, semid);
}

static bool parse_operation(char *words, struct sembuf *operation) {
    static const struct symbol known[] = {SYMBOL(SEM_UNDO), SYMBOL(IPC_NOWAIT), {0}};
    const char *index = strsep(&words, ":"), *change = strsep(&words, ":");
    const char *wrong = NULL;
    int wanted = 0;
    if (!change || (words && !peer_parse_flags(words, known, &wanted)))
        return false;
    if (*change == '+' && change[1] != '-')
        change++;
    operation->sem_num = (unsigned short)peer_parse_number(index, 0, UINT16_MAX, &wrong);
    if (!wrong)
        operation->sem_op = (short)peer_parse_number(change, INT16_MIN, INT16_MAX, &wrong);
    operation->sem_flg = (short)wanted;
    return !wrong;
}

size_t peer_list_length(const char *list) {
    size_t length = 1;
    for (; *list; list++)
        length += *list == ',';
    return length;
}

static struct sembuf *operations(struct call *call, size_t *count) {
    char *list = (char *)peer_text(call, "sops"), *word;
    struct sembuf *array = peer_scratch(call, peer_list_length(list) * sizeof *array);
    *count = 0;
    if (!*list) /* the list is empty */
        return array;
    for (; array && (word = strsep(&list, ",")); ++*count)
        if (!parse_operation(word, &array[*count]))
            peer_invalid_request(call, "sops is NUMBER:OPERATION[:FLAGS], joined by commas");
    return array;
}

static void perform_semop(struct call *call) {
    size_t count;
    int semid = peer_semid(call);
    struct sembuf *sops = operations(call, &count);
    bool retry = peer_retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
        result = semop(semid, sops, count);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_semtimedop(struct call *call) {
    size_t count;
    int semid = peer_semid(call);
    struct sembuf *sops = operations(call, &count);
    struct timespec left = peer_seconds(call, "timeout");
    bool retry = peer_retries(call);
    const struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, left);
    peer_replace_nanoseconds(call, &left);
    if (call->outcome != OK)
        return;
    while (semtimedop(semid, sops, count, &left) == -1) {
        if (errno != EINTR || !retry) {
            peer_fail(call, errno);
            return;
        }
        left = peer_time_left(deadline);
    }
}

/* Increments a number that only the semaphore protects, as lock_and_count does with a mutex. */
static void perform_semop_count(struct call *call) {
    int semid = peer_semid(call);
    volatile uint64_t *counter = peer_memory_at(call, "memory", "at", sizeof *counter);
    long long count = peer_number(call, "count", 0, INT64_MAX);
    peer_set_failed_call("semop");
    for (long long i = 0; call->outcome == OK && i < count; i++) {
        struct sembuf take = {.sem_op = -1, .sem_flg = SEM_UNDO}, give = {.sem_op = 1, .sem_flg = SEM_UNDO};
        if (semop(semid, &take, 1) == -1) {
            peer_fail(call, errno);
            return;
        }
        *counter = *counter + 1;
        if (semop(semid, &give, 1) == -1) {
            peer_fail(call, errno);
            semop(semid, &give, 1); /* a semaphore that stays acquired would block the other processes */
        }
    }
    if (call->outcome == OK)
        peer_reply(call, "return", "%lld", count);
}

const struct operation peer_sysv_sem_operations[] = {
    {"semget", "key nsems semflg mode", perform_semget},
    {"semget_init", "key nsems value mode timeout", peer_perform_semget_init},
    {"semop", "semid sops eintr", perform_semop},
    {"semop_count", "semid memory at count", perform_semop_count},
    {"semtimedop", "semid sops timeout tv_nsec eintr", perform_semtimedop},
    {"semctl", "semid semnum cmd val array mode uid gid times", peer_perform_semctl},
    {0},
};
