#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Returns the process's umask. The kernel removes its bits from a new object's permissions.
unsigned umask_of(const struct tracee *tracee) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", tracee->thread);
    int status = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = status != -1 ? read(status, text, sizeof text - 1) : -1;
    close(status);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, "\nUmask:");
    return line != NULL ? (unsigned)strtoul(line + 7, NULL, 8) : 0;
}

struct opening {
    int64_t directory;
    uint64_t path;
    uint64_t flags, mode;
};

static bool is_opening(const struct tracee *tracee, struct opening *opening) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
#ifdef SYS_open
    case SYS_open: *opening = (struct opening){AT_FDCWD, a[0], a[1], a[2]}; return true;
    case SYS_creat:
        *opening = (struct opening){AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]};
        return true;
#endif
    case SYS_openat: *opening = (struct opening){(int64_t)a[0], a[1], a[2], a[3]}; return true;
    case SYS_openat2: {
        struct open_how how = {0};
        if (!read_memory(tracee, a[2], &how, sizeof how))
            return false;
        *opening = (struct opening){(int64_t)a[0], a[1], how.flags, how.mode};
        return true;
    }
    default: return false;
    }
}

/// Finds the path that the call creates, removes or replaces, if any.
static bool changed_path(struct tracee *tracee) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
#ifdef SYS_unlink
    case SYS_unlink: return read_path(tracee, AT_FDCWD, a[0], tracee->path);
    case SYS_mknod: return read_path(tracee, AT_FDCWD, a[0], tracee->path);
    case SYS_chmod: return read_path(tracee, AT_FDCWD, a[0], tracee->path);
    case SYS_rename:
    case SYS_link: return read_path(tracee, AT_FDCWD, a[0], tracee->path);
#endif
    case SYS_fchmodat:
    case SYS_unlinkat:
    case SYS_mknodat:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_linkat: return read_path(tracee, (int64_t)a[0], a[1], tracee->path);
    default: return false;
    }
}

static void enter_queue_opening(struct tracee *tracee) {
    char name[NAME_MAX + 2] = "/";
    if (!read_text(tracee, tracee->arguments[0], name + 1, sizeof name - 1))
        return;
    // The recorder runs as the role's user: if opening the queue is not permitted, it exists.
    mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    tracee->existed = queue != (mqd_t)-1 || errno != ENOENT;
    tracee->is_known = true;
    if (queue != (mqd_t)-1)
        mq_close(queue);
}

bool enter_file_call(struct tracee *tracee) {
    struct opening opening;
    tracee->path[0] = '\0';
    if (tracee->number == SYS_mq_open) {
        enter_queue_opening(tracee);
    } else if (is_opening(tracee, &opening)) {
        if ((opening.flags & O_CREAT) != 0 &&
            read_path(tracee, opening.directory, opening.path, tracee->path)) {
            tracee->existed = path_exists(tracee, tracee->path);
            tracee->is_known = true;
        }
    } else if (!changed_path(tracee)) {
        return false;
    }
    return true;
}

static void creation_fields(const struct tracee *tracee, uint64_t flags, uint64_t mode) {
    number_field("flags", (unsigned)flags);
    octal_field("mode", (unsigned)mode & 07777);
    octal_field("umask", umask_of(tracee));
    if (tracee->is_known)
        number_field("existed", tracee->existed);
}

static void report_opening(struct tracee *tracee, int64_t result, const struct opening *opening) {
    char id[ID_SIZE];
    if (!identify(tracee, (int)result, id))
        return;
    event("open", tracee->process);
    number_field("fd", result);
    text_field("id", id);
    creation_fields(tracee, opening->flags, opening->mode);
    end_event();
}

static void report_queue_opening(struct tracee *tracee, int64_t result) {
    char id[ID_SIZE];
    if (!identify(tracee, (int)result, id))
        return;
    event("open", tracee->process);
    number_field("fd", result);
    text_field("id", id);
    // The kernel closes every queue descriptor on exec(2).
    creation_fields(tracee, tracee->arguments[1] | O_CLOEXEC, tracee->arguments[2]);
    end_event();
}

static void report_path(struct tracee *tracee, const char *kind) {
    event(kind, tracee->process);
    text_field("path", tracee->path);
    end_event();
}

static void report_node(struct tracee *tracee, uint64_t mode) {
    char id[ID_SIZE];
    if (!S_ISFIFO(mode) || !identify_path(tracee, tracee->path, id))
        return;
    event("create", tracee->process);
    text_field("id", id);
    text_field("path", tracee->path);
    creation_fields(tracee, O_CREAT | O_EXCL | O_CLOEXEC, mode);
    end_event();
}

static void report_move(struct tracee *tracee, const char *kind, int64_t directory, uint64_t to) {
    char target[MAX_PATH], id[ID_SIZE];
    if (!read_path(tracee, directory, to, target))
        return;
    bool known = identify_path(tracee, target, id);
    event(kind, tracee->process);
    text_field("path", tracee->path);
    text_field("to", target);
    if (known)
        text_field("id", id);
    end_event();
}

static void report_permissions(struct tracee *tracee, int descriptor, uint64_t mode) {
    char id[ID_SIZE];
    if (descriptor != -1 ? !identify(tracee, descriptor, id) : !identify_path(tracee, tracee->path, id))
        return;
    event("mode", tracee->process);
    text_field("id", id);
    octal_field("mode", (unsigned)mode & 07777);
    end_event();
}

static void report_size(struct tracee *tracee) {
    char id[ID_SIZE];
    struct stat status;
    int taken = take(tracee, (int)tracee->arguments[0]);
    if (taken != -1 && identify(tracee, (int)tracee->arguments[0], id) && fstat(taken, &status) == 0) {
        event("size", tracee->process);
        text_field("id", id);
        number_field("size", status.st_size);
        end_event();
    }
    close(taken);
}

static void report_map(struct tracee *tracee, int64_t result) {
    static int anonymous;
    const uint64_t *a = tracee->arguments;
    char id[ID_SIZE];
    if ((a[3] & MAP_TYPE) != MAP_SHARED && (a[3] & MAP_TYPE) != MAP_SHARED_VALIDATE)
        return;
    if ((a[3] & MAP_ANONYMOUS) != 0) {
        snprintf(id, sizeof id, "anonymous:%d:%d", tracee->process, ++anonymous);
        event("object", tracee->process);
        text_field("id", id);
        text_field("type", "anonymous");
        number_field("size", (long long)a[1]);
        end_event();
    } else if (!identify(tracee, (int)a[4], id)) {
        return;
    }
    note_mapping(tracee, (uint64_t)result, a[1], id, (a[3] & MAP_ANONYMOUS) != 0 ? 0 : a[5]);
}

static void report_pipe(struct tracee *tracee, uint64_t flags) {
    int ends[2];
    char id[ID_SIZE];
    if (!read_memory(tracee, tracee->arguments[0], ends, sizeof ends) || !identify(tracee, ends[0], id))
        return;
    for (int i = 0; i < 2; i++) {
        event("open", tracee->process);
        number_field("fd", ends[i]);
        text_field("id", id);
        number_field("flags", (long long)(flags | O_CREAT | O_EXCL | (i == 0 ? O_RDONLY : O_WRONLY)));
        end_event();
    }
}

bool leave_file_call(struct tracee *tracee, int64_t result) {
    const uint64_t *a = tracee->arguments;
    struct opening opening;
    if (is_opening(tracee, &opening)) {
        report_opening(tracee, result, &opening);
        return true;
    }
    switch (tracee->number) {
    case SYS_mq_open: report_queue_opening(tracee, result); return true;
    case SYS_mq_unlink: {
        char name[NAME_MAX + 2] = "/";
        if (read_text(tracee, a[0], name + 1, sizeof name - 1)) {
            event("unlink", tracee->process);
            text_field("queue", name);
            end_event();
        }
        return true;
    }
#ifdef SYS_open
    case SYS_unlink: report_path(tracee, "unlink"); return true;
    case SYS_mknod: report_node(tracee, a[1]); return true;
    case SYS_chmod: report_permissions(tracee, -1, a[1]); return true;
    case SYS_rename: report_move(tracee, "rename", AT_FDCWD, a[1]); return true;
    case SYS_link: report_move(tracee, "link", AT_FDCWD, a[1]); return true;
    case SYS_pipe: report_pipe(tracee, 0); return true;
#endif
    case SYS_unlinkat: report_path(tracee, "unlink"); return true;
    case SYS_mknodat: report_node(tracee, a[2]); return true;
    case SYS_fchmodat: report_permissions(tracee, -1, a[2]); return true;
    case SYS_fchmod: report_permissions(tracee, (int)a[0], a[1]); return true;
    case SYS_renameat:
    case SYS_renameat2: report_move(tracee, "rename", (int64_t)a[2], a[3]); return true;
    case SYS_linkat: report_move(tracee, "link", (int64_t)a[2], a[3]); return true;
    case SYS_pipe2: report_pipe(tracee, a[1]); return true;
    case SYS_ftruncate:
    case SYS_fallocate: report_size(tracee); return true;
    case SYS_mmap: report_map(tracee, result); return true;
    case SYS_munmap: forget_mapping(tracee, a[0], a[1]); return true;
    case SYS_mremap: {
        char id[ID_SIZE];
        if (find_mapping(tracee->process, a[0], id)) {
            forget_mapping(tracee, a[0], 0);
            note_mapping(tracee, (uint64_t)result, a[2], id, 0);
        }
        return true;
    }
    case SYS_fcntl:
        if ((int)a[1] == F_SETFD) {
            event("cloexec", tracee->process);
            number_field("fd", (int)a[0]);
            number_field("on", (long long)(a[2] & FD_CLOEXEC));
            end_event();
        }
        return true;
    default: return false;
    }
}
