#include "sandbox_init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>

enum { LONGEST_PATH = 1024 }; // the length of a reported path; a longer one is truncated

static int queues = -1;
static int queues_reason; // the reason why queues cannot be listed
static const struct plan *kept_by;

void prepare_snapshots(const struct plan *plan) {
    queues = mqueue_directory();
    queues_reason = errno;
    kept_by = plan;
}

bool can_list_queues(void) {
    return queues != -1;
}

/// Whether a directory entry leads to a path that stays visible. If so, the cell did not create the
/// entry. A queue has no path, although its name begins with a slash.
static bool leads_to_kept(const char *directory, const char *name) {
    if (directory[0] == '\0')
        return false;
    size_t length = strlen(directory), end = strlen(name);
    for (int i = 0; i < kept_by->kept; i++) {
        const char *path = kept_by->keep[i];
        if (strncmp(path, directory, length) != 0 || path[length] != '/')
            continue;
        const char *entry = path + length + 1;
        if (strncmp(entry, name, end) == 0 && (entry[end] == '/' || entry[end] == '\0'))
            return true;
    }
    return false;
}

// If a source cannot be read, an empty list would look like an empty sandbox. Each function therefore returns
// whether its list is complete. If it is not, errno and this variable give the reason.
static char unreadable[4096];

static bool cannot_read(const char *path) {
    int reason = errno;
    strlcpy(unreadable, path, sizeof unreadable);
    errno = reason;
    return false;
}

static void begin_object(const char *kind) {
    reply("object");
    reply_text("kind", kind);
}

/// Lists the objects of one System V mechanism.
static bool list_sysv(const char *path, const char *kind) {
    FILE *file = fopen(path, "re");
    char line[512];
    if (file == NULL)
        return cannot_read(path);
    bool understood = fgets(line, sizeof line, file) != NULL; // skips the heading
    int key, id;
    unsigned mode;
    // The columns after the permissions depend on the mechanism, and so does the position of the owner.
    const int owner = strcmp(kind, "shm") == 0 ? 4 : strcmp(kind, "msg") == 0 ? 4 : 1;
    long long word[6];
    while (understood && fgets(line, sizeof line, file) != NULL) {
        understood = sscanf(line, "%d %d %o %lld %lld %lld %lld %lld %lld", &key, &id, &mode, &word[0],
                            &word[1], &word[2], &word[3], &word[4], &word[5]) == 9;
        if (!understood)
            break;
        begin_object(kind);
        reply_number("key", key);
        reply_number("id", id);
        if (strcmp(kind, "shm") == 0) {
            reply_number("creator", word[1]);
            reply_format("attributes", "mode=%o size=%lld", mode & 0777, word[0]);
        } else if (strcmp(kind, "sem") == 0) {
            reply_format("attributes", "mode=%o nsems=%lld", mode & 0777, word[0]);
        } else {
            reply_format("attributes", "mode=%o bytes=%lld messages=%lld", mode & 0777, word[0], word[1]);
        }
        struct msqid_ds queue;
        if (strcmp(kind, "msg") == 0 && msgctl(id, IPC_STAT, &queue) == 0)
            reply_format("ownership", "uid=%lld gid=%lld qbytes=%lu", word[owner], word[owner + 1],
                         (unsigned long)queue.msg_qbytes);
        else
            reply_format("ownership", "uid=%lld gid=%lld", word[owner], word[owner + 1]);
        reply_end();
    }
    fclose(file);
    errno = EPROTO;
    return understood || cannot_read(path);
}

static const char *kind_of(mode_t mode) {
    if (S_ISFIFO(mode))
        return "fifo";
    return S_ISSOCK(mode) ? "socket" : "file";
}

struct listing {
    const char *root; // the directory's path, or "" for queues
    const char *kind; // the kind of object for every entry; NULL if the entry's type determines the kind
};

static bool list_entry(const struct entry *entry, void *context) {
    const struct listing *listing = context;
    if (leads_to_kept(listing->root, entry->path + 1))
        return false;
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s%s", listing->root, entry->path);
    begin_object(listing->kind != NULL ? listing->kind : kind_of(entry->status->st_mode));
    reply_text("name", path);
    reply_number("id", (long long)entry->status->st_ino); // distinguishes files whose paths were truncated
    reply_format("attributes", "mode=%o", entry->status->st_mode & 07777);
    reply_format("ownership", "uid=%u gid=%u", entry->status->st_uid, entry->status->st_gid);
    reply_end();
    return true;
}

static bool list_directory(const char *path, const char *kind) {
    struct listing listing = {path, kind};
    int root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root == -1)
        return cannot_read(path);
    bool complete = walk(root, kind != NULL, list_entry, &listing) || cannot_read(path);
    int reason = errno;
    close(root);
    errno = reason;
    return complete;
}

static bool list_abstract_sockets(void) {
    const char *path = "/proc/net/unix";
    FILE *file = fopen(path, "re");
    char line[512];
    if (file == NULL)
        return cannot_read(path);
    while (fgets(line, sizeof line, file) != NULL) {
        int name = 0; // the name of a socket in a directory begins with a slash, and may contain an '@'
        sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %n", &name);
        if (name == 0 || line[name] != '@')
            continue;
        line[strcspn(line, "\n")] = '\0';
        begin_object("abstract");
        reply_text("name", line + name);
        reply_end();
    }
    fclose(file);
    return true;
}

/// Omits a process that is exiting, because otherwise a race would decide whether it is listed.
static void list_process(long long pid, const char *name) {
    if (is_ending(pid))
        return;
    begin_object("process");
    reply_number("id", pid);
    reply_number("creator", getpgid((pid_t)pid)); // each role leads a group, which its children inherit
    reply_text("name", name);
    reply_end();
}

/// Lists every process of this PID namespace except the first one. Without a namespace, lists every child of
/// this process.
static bool list_processes(const struct plan *plan) {
    char name[64], path[64];
    if (!plan->private_sandbox) {
        snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
        FILE *children = fopen(path, "re");
        if (children == NULL)
            return cannot_read(path);
        for (int pid; fscanf(children, "%d", &pid) == 1;)
            list_process(pid, read_command_name(pid, name, sizeof name) ? name : "");
        fclose(children);
        return true;
    }
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return cannot_read("/proc");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid > 1 && read_command_name(pid, name, sizeof name))
            list_process(pid, name);
    }
    closedir(directory);
    return true;
}

/// Whether queues can never be listed here, because there is no such file system, or this user may not mount
/// it.
static bool queues_are_hidden(void) {
    return queues == -1 && (queues_reason == ENOENT || queues_reason == EACCES || queues_reason == EPERM ||
                            queues_reason == ENOSYS);
}

static bool list_queues(void) {
    if (queues_are_hidden())
        return true;
    // A mount descriptor has a read offset, so every snapshot opens the mount again.
    struct listing listing = {"", "mq"};
    errno = queues_reason;
    int root = queues != -1 ? openat(queues, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool complete = root != -1 && walk(root, true, list_entry, &listing);
    int reason = errno;
    if (root != -1)
        close(root);
    errno = reason;
    return complete || cannot_read("the mqueue file system");
}

void reply_snapshot(const struct plan *plan) {
    bool complete = list_sysv("/proc/sysvipc/shm", "shm") && list_sysv("/proc/sysvipc/sem", "sem") &&
                    list_sysv("/proc/sysvipc/msg", "msg") && list_queues() &&
                    list_directory("/dev/shm", "posix-shm") && list_directory(plan->scratch, NULL) &&
                    list_abstract_sockets() && list_processes(plan);
    if (!complete) {
        reply_failure("read", unreadable);
        return;
    }
    reply("ok");
    reply_text("unobservable", queues_are_hidden() ? "mq" : "");
    reply_end();
}
