/* System V semaphores: sets and operations on them. */
#include "sysv_sem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

static int latest = -1;

void answer_semid(struct call *call, int semid) {
    latest = semid;
    answer(call, "semid", "%d", semid);
}

int semid_of(struct call *call) {
    int semid = (int)number_or(call, "semid", INT32_MIN, INT32_MAX, latest);
    if (!has(call, "semid") && latest == -1)
        refuse(call, "there was no semget yet, so 'semid' must be told");
    return semid;
}

static void perform_semget(struct call *call) {
    static const struct symbol known[] = {SYMBOL(IPC_CREAT), SYMBOL(IPC_EXCL), {0}};
    key_t key = ipc_key(call, "key");
    int nsems = (int)number(call, "nsems", INT32_MIN, INT32_MAX);
    int wanted = flags_or(call, "semflg", known, 0) | (int)permissions_or(call, "mode", 0);
    if (call->outcome != OK)
        return;
    int semid = semget(key, nsems, wanted);
    if (semid == -1) {
        fail(call, errno);
        return;
    }
    answer_semid(call, semid);
}

static bool parse_operation(char *words, struct sembuf *operation) {
    static const struct symbol known[] = {SYMBOL(SEM_UNDO), SYMBOL(IPC_NOWAIT), {0}};
    const char *index = strsep(&words, ":"), *change = strsep(&words, ":");
    const char *wrong = NULL;
    int wanted = 0;
    if (!change || (words && !parse_flags(words, known, &wanted)))
        return false;
    operation->sem_num = (unsigned short)strtonum(index, 0, UINT16_MAX, &wrong);
    if (!wrong)
        operation->sem_op = (short)strtonum(change, INT16_MIN, INT16_MAX, &wrong);
    operation->sem_flg = (short)wanted;
    return !wrong;
}

size_t list_length(const char *list) {
    size_t length = 1;
    for (; *list; list++)
        length += *list == ',';
    return length;
}

static struct sembuf *operations(struct call *call, size_t *count) {
    char *list = (char *)text(call, "sops"), *word;
    struct sembuf *array = scratch(call, list_length(list) * sizeof *array);
    for (*count = 0; array && (word = strsep(&list, ",")); ++*count)
        if (!parse_operation(word, &array[*count]))
            refuse(call, "sops is NUMBER:OPERATION[:FLAGS], joined by commas");
    return array;
}

static void perform_semop(struct call *call) {
    size_t count;
    int semid = semid_of(call);
    struct sembuf *sops = operations(call, &count);
    bool retry = retries(call);
    int result;
    if (call->outcome != OK)
        return;
    do
        result = semop(semid, sops, count);
    while (result == -1 && errno == EINTR && retry);
    if (result == -1)
        fail(call, errno);
}

static void perform_semtimedop(struct call *call) {
    size_t count;
    int semid = semid_of(call);
    struct sembuf *sops = operations(call, &count);
    struct timespec left = seconds(call, "timeout");
    bool retry = retries(call);
    if (call->outcome != OK)
        return;
    const struct timespec deadline = time_after(CLOCK_MONOTONIC, left);
    while (semtimedop(semid, sops, count, &left) == -1) {
        if (errno != EINTR || !retry) {
            fail(call, errno);
            return;
        }
        left = time_left(deadline);
    }
}

const struct operation sysv_sem_operations[] = {
    {"semget", "key nsems semflg mode", perform_semget},
    {"semget_init", "key nsems value mode timeout", perform_semget_init},
    {"semop", "semid sops eintr", perform_semop},
    {"semtimedop", "semid sops timeout eintr", perform_semtimedop},
    {"semctl", "semid semnum cmd val array mode uid gid", perform_semctl},
    {0},
};
