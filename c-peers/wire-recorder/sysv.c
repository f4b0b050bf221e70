#include "recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

enum { MAX_OPERATIONS = 500, MAX_VALUES = 256, IPC_VERSION = 0x100 };

/// Whether an object with the key exists; the recorder runs in the role's IPC namespace.
static void look_for(struct tracee *tracee) {
    const key_t key = (key_t)tracee->arguments[0];
    int found = key == IPC_PRIVATE             ? -1
                : tracee->number == SYS_msgget ? msgget(key, 0)
                : tracee->number == SYS_semget ? semget(key, 0, 0)
                                               : shmget(key, 0, 0);
    tracee->existed = key != IPC_PRIVATE && (found != -1 || errno != ENOENT);
    tracee->is_known = true;
}

bool enter_sysv_call(struct tracee *tracee) {
    switch (tracee->number) {
    case SYS_msgget:
    case SYS_semget:
    case SYS_shmget: look_for(tracee); return true;
    default: return false;
    }
}

// The upper half of a register has no meaning for an argument that is an int.
static void write_id(char id[ID_SIZE], const char *type, uint64_t number) {
    snprintf(id, ID_SIZE, "%s:%d", type, (int)number);
}

static void report_get(struct tracee *tracee, const char *type, int64_t result, uint64_t size,
                       uint64_t flags) {
    char id[ID_SIZE];
    write_id(id, type, (uint64_t)result);
    event("get", tracee->process);
    text_field("id", id);
    text_field("type", type);
    number_field("key", (int)tracee->arguments[0]);
    number_field("size", (long long)size);
    number_field("create", (flags & IPC_CREAT) != 0);
    number_field("exclusive", (flags & IPC_EXCL) != 0);
    octal_field("mode", (unsigned)flags & 0777);
    number_field("existed", tracee->existed);
    end_event();
}

static void report_control(struct tracee *tracee, const char *type, uint64_t number, int command) {
    char id[ID_SIZE];
    if (command != IPC_RMID && command != IPC_SET)
        return;
    write_id(id, type, number);
    event(command == IPC_RMID ? "remove" : "set", tracee->process);
    text_field("id", id);
    end_event();
}

static void report_values(struct tracee *tracee, const uint64_t *values, size_t count, int first) {
    char id[ID_SIZE], text[MAX_VALUES * 16] = ""; // the longest part is ",31999=65535"
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d=%u", i > 0 ? "," : "", first + (int)i,
                                 (unsigned)values[i] & 0xFFFF);
    write_id(id, "sem", tracee->arguments[0]);
    event("values", tracee->process);
    text_field("id", id);
    text_field("values", text);
    end_event();
}

static void report_semctl(struct tracee *tracee) {
    const uint64_t *a = tracee->arguments;
    const int command = (int)a[2] & ~IPC_VERSION;
    if (command == SETVAL) {
        report_values(tracee, &a[3], 1, (int)a[1]);
    } else if (command == SETALL) {
        struct semid_ds status;
        unsigned short all[MAX_VALUES];
        uint64_t values[MAX_VALUES];
        union {
            struct semid_ds *status;
        } argument = {&status};
        if (semctl((int)a[0], 0, IPC_STAT, argument) == -1)
            return;
        const size_t count = status.sem_nsems < MAX_VALUES ? status.sem_nsems : MAX_VALUES;
        if (!read_memory(tracee, a[3], all, count * sizeof *all))
            return;
        for (size_t i = 0; i < count; i++)
            values[i] = all[i];
        report_values(tracee, values, count, 0);
    } else {
        report_control(tracee, "sem", a[0], command);
    }
}

static size_t read_operations(const struct tracee *tracee, struct sembuf *operations) {
    const size_t count = tracee->arguments[2] < MAX_OPERATIONS ? tracee->arguments[2] : MAX_OPERATIONS;
    return read_memory(tracee, tracee->arguments[1], operations, count * sizeof *operations) ? count : 0;
}

static void report_operations(struct tracee *tracee) {
    struct sembuf operations[MAX_OPERATIONS];
    char id[ID_SIZE], text[MAX_OPERATIONS * 24] = ""; // the longest part is ",65535:-32768/undo"
    size_t used = 0;
    const size_t count = read_operations(tracee, operations);
    for (size_t i = 0; i < count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:%+d%s", i > 0 ? "," : "",
                                 operations[i].sem_num, operations[i].sem_op,
                                 (operations[i].sem_flg & SEM_UNDO) != 0 ? "/undo" : "");
    write_id(id, "sem", tracee->arguments[0]);
    event("semop", tracee->process);
    text_field("id", id);
    text_field("operations", text);
    end_event();
}

static void report_message(struct tracee *tracee, const char *kind, size_t length) {
    char id[ID_SIZE];
    static unsigned char text[1 << 16];
    const uint64_t *a = tracee->arguments;
    long type = 0;
    write_id(id, "msg", a[0]);
    if (length > sizeof text || !read_memory(tracee, a[1], &type, sizeof type) ||
        !read_memory(tracee, a[1] + sizeof type, text, length)) {
        event("unseen", tracee->process);
        text_field("what", "a message of a System V queue that is too long");
        end_event();
        return;
    }
    for (size_t at = 0; at == 0 || at < length; at += MAX_PIECE) {
        const size_t piece = length - at < MAX_PIECE ? length - at : MAX_PIECE;
        if (!spend(piece))
            return;
        event(at == 0 ? kind : "part", tracee->process);
        text_field("id", id);
        time_field(tracee);
        if (at == 0)
            number_field("type", type);
        number_field("more", at + piece < length);
        bytes_field("bytes", text + at, piece);
        end_event();
    }
}

static void report_attached(struct tracee *tracee, int64_t result) {
    char id[ID_SIZE];
    struct shmid_ds status;
    write_id(id, "shm", tracee->arguments[0]);
    if (shmctl((int)tracee->arguments[0], IPC_STAT, &status) == 0)
        note_mapping(tracee, (uint64_t)result, status.shm_segsz, id, 0);
}

bool leave_sysv_call(struct tracee *tracee, int64_t result) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
    case SYS_msgget: report_get(tracee, "msg", result, 0, a[1]); return true;
    case SYS_semget: report_get(tracee, "sem", result, a[1], a[2]); return true;
    case SYS_shmget: report_get(tracee, "shm", result, a[1], a[2]); return true;
    case SYS_msgctl: report_control(tracee, "msg", a[0], (int)a[1] & ~IPC_VERSION); return true;
    case SYS_shmctl: report_control(tracee, "shm", a[0], (int)a[1] & ~IPC_VERSION); return true;
    case SYS_semctl: report_semctl(tracee); return true;
    case SYS_semop:
    case SYS_semtimedop: report_operations(tracee); return true;
    case SYS_msgsnd: report_message(tracee, "send", a[2]); return true;
    case SYS_msgrcv:
        if (((int)a[4] & MSG_COPY) == 0)
            report_message(tracee, "receive", (size_t)result);
        return true;
    case SYS_shmat: report_attached(tracee, result); return true;
    case SYS_shmdt: forget_mapping(tracee, a[0], 0); return true;
    default: return false;
    }
}
