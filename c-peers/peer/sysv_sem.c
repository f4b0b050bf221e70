/* System V semaphores. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

/* semctl(2): the caller has to define it. */
union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

/* The set that requests without `semid` mean. */
static int latest = -1;

static int identifier(struct call *call) {
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
    latest = semid;
    answer(call, "semid", "%d", semid);
}

/* Sets every semaphore of a new set, and then does an operation that changes nothing: the first semop(2) of a
 * set is what makes its sem_otime differ from 0, and that is what everybody else waits for. EAGAIN means that
 * somebody who does not wait has operated on it in between, and that sem_otime is set as well. */
static bool initialise(int semid, int nsems, unsigned short value) {
    struct sembuf down_and_up[] = {{.sem_op = -1, .sem_flg = IPC_NOWAIT}, {.sem_op = 1}};
    struct sembuf see_zero[] = {{.sem_op = 0, .sem_flg = IPC_NOWAIT}};
    unsigned short *values = calloc((size_t)nsems, sizeof *values);
    if (!values)
        return false;
    for (int i = 0; i < nsems; i++)
        values[i] = value;
    blame("semctl");
    bool is_set = semctl(semid, 0, SETALL, (union semun){.array = values}) != -1;
    int error = errno;
    free(values);
    errno = error;
    if (!is_set)
        return false;
    blame("semop");
    return (value > 0 ? semop(semid, down_and_up, 2) : semop(semid, see_zero, 1)) != -1 || errno == EAGAIN;
}

/* Waits until whoever made the set has initialised it. False, with errno, when it is gone or the time is
 * over. */
static bool await_initialised(int semid, const struct timespec *deadline) {
    struct semid_ds status;
    struct timespec backoff = first_backoff;
    blame("semctl");
    while (semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) != -1) {
        if (status.sem_otime != 0)
            return true;
        if (!pause_before(deadline, &backoff))
            return false;
    }
    return false;
}

static int create_or_open(key_t key, int nsems, unsigned short value, mode_t mode,
                          const struct timespec *deadline, bool *created) {
    for (;;) {
        blame("semget");
        int semid = semget(key, nsems, IPC_CREAT | IPC_EXCL | (int)mode);
        *created = semid != -1;
        if (*created) {
            if (initialise(semid, nsems, value))
                return semid;
            int error = errno;
            semctl(semid, 0, IPC_RMID);
            errno = error;
            return -1;
        }
        if (errno != EEXIST)
            return -1;
        semid = semget(key, nsems, 0);
        if (semid != -1 && await_initialised(semid, deadline))
            return semid;
        /* It was there and is gone: removed, or its maker failed. Then it is ours to make. */
        if (errno != ENOENT && errno != EIDRM && !(semid != -1 && errno == EINVAL))
            return -1;
    }
}

static void perform_semget_init(struct call *call) {
    key_t key = ipc_key(call, "key");
    int nsems = (int)number(call, "nsems", INT32_MIN, INT32_MAX);
    unsigned short value = (unsigned short)number(call, "value", 0, UINT16_MAX);
    mode_t mode = permissions_or(call, "mode", 0600);
    bool timed = has(call, "timeout"), created;
    struct timespec timeout = timed ? seconds(call, "timeout") : (struct timespec){0};
    if (call->outcome != OK)
        return;
    struct timespec deadline = time_after(CLOCK_MONOTONIC, timeout);
    int semid = create_or_open(key, nsems, value, mode, timed ? &deadline : NULL, &created);
    if (semid == -1) {
        fail(call, errno);
        return;
    }
    latest = semid;
    answer(call, "semid", "%d", semid);
    answer(call, "created", "%s", created ? "yes" : "no");
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

static size_t list_length(const char *list) {
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
    int semid = identifier(call);
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
    int semid = identifier(call);
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

/* How many semaphores the set has, which is how many values the kernel reads or writes. */
static size_t set_size(struct call *call, int semid) {
    struct semid_ds status = {0};
    if (call->outcome == OK && semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1)
        fail(call, errno);
    return status.sem_nsems;
}

static void get_all(struct call *call, int semid) {
    size_t count = set_size(call, semid), length = 0;
    unsigned short *values = call->outcome == OK ? scratch(call, count * sizeof *values) : NULL;
    if (!values)
        return;
    if (semctl(semid, 0, GETALL, (union semun){.array = values}) == -1) {
        fail(call, errno);
        return;
    }
    static char list[LINE_SIZE];
    for (size_t i = 0; i < count && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, i == 0 ? "%u" : ",%u", values[i]);
    answer_bytes(call, "array", list, length);
}

static void set_all(struct call *call, int semid) {
    char *list = (char *)text(call, "array"), *word;
    size_t count = list_length(list), filled = 0;
    unsigned short *values = scratch(call, count * sizeof *values);
    while (values && (word = strsep(&list, ","))) {
        const char *wrong = NULL;
        values[filled++] = (unsigned short)strtonum(word, 0, UINT16_MAX, &wrong);
        if (wrong)
            refuse(call, "array is numbers joined by commas");
    }
    size_t size = set_size(call, semid);
    if (call->outcome == OK && size != count)
        refuse(call, "the set has %zu semaphores, not %zu", size, count);
    if (call->outcome == OK && semctl(semid, 0, SETALL, (union semun){.array = values}) == -1)
        fail(call, errno);
}

static void get_status(struct call *call, int semid) {
    struct semid_ds status;
    if (semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1) {
        fail(call, errno);
        return;
    }
    answer(call, "mode", "%o", status.sem_perm.mode & 0777);
    answer(call, "uid", "%u", status.sem_perm.uid);
    answer(call, "gid", "%u", status.sem_perm.gid);
    answer(call, "cuid", "%u", status.sem_perm.cuid);
    answer(call, "cgid", "%u", status.sem_perm.cgid);
    answer(call, "sem_nsems", "%lu", (unsigned long)status.sem_nsems);
    answer(call, "initialised", "%s", status.sem_otime != 0 ? "yes" : "no");
}

static void set_owner(struct call *call, int semid) {
    struct semid_ds status = {0};
    struct ipc_perm *owner = &status.sem_perm;
    /* IPC_STAT asks for permission to read, which whoever may set need not have. */
    bool all_told = has(call, "mode") && has(call, "uid") && has(call, "gid");
    if (!all_told && semctl(semid, 0, IPC_STAT, (union semun){.buf = &status}) == -1)
        fail(call, errno);
    owner->mode = (unsigned short)permissions_or(call, "mode", owner->mode);
    owner->uid = (uid_t)number_or(call, "uid", 0, UINT32_MAX, owner->uid);
    owner->gid = (gid_t)number_or(call, "gid", 0, UINT32_MAX, owner->gid);
    if (call->outcome == OK && semctl(semid, 0, IPC_SET, (union semun){.buf = &status}) == -1)
        fail(call, errno);
}

static void perform_semctl(struct call *call) {
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
    int semid = identifier(call);
    int semnum = (int)number_or(call, "semnum", INT32_MIN, INT32_MAX, 0);
    int command = one_of(call, "cmd", commands);
    union semun argument = {.val = command == SETVAL ? (int)number(call, "val", INT32_MIN, INT32_MAX) : 0};
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
        fail(call, errno);
    else if (command != SETVAL && command != IPC_RMID)
        answer(call, "return", "%d", result);
}

const struct operation sysv_sem_operations[] = {
    {"semget", "key nsems semflg mode", perform_semget},
    {"semget_init", "key nsems value mode timeout", perform_semget_init},
    {"semop", "semid sops eintr", perform_semop},
    {"semtimedop", "semid sops timeout eintr", perform_semtimedop},
    {"semctl", "semid semnum cmd val array mode uid gid", perform_semctl},
    {0},
};
