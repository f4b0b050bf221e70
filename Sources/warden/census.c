#include "warden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int queues = -1;
static int queues_reason;     // why they cannot be seen
static char first_entry[256]; // of the way to what is kept visible in /tmp, which is not of the cell's making

void remember_scratch(const struct plan *plan) {
    queues = mqueue_directory();
    queues_reason = errno;
    size_t length = strlen(plan->scratch);
    if (plan->keep != NULL && strncmp(plan->keep, plan->scratch, length) == 0 && plan->keep[length] == '/') {
        strlcpy(first_entry, plan->keep + length + 1, sizeof first_entry);
        first_entry[strcspn(first_entry, "/")] = '\0';
    }
}

// What cannot be read cannot be counted, and nothing counted would look like nothing left behind. So each
// count says whether it saw everything; where it did not, errno and this tell why.
static char unreadable[4096];

static bool cannot_read(const char *path) {
    int reason = errno;
    strlcpy(unreadable, path, sizeof unreadable);
    errno = reason;
    return false;
}

/// The objects of one System V mechanism.
static bool count_sysv(const char *path, const char *kind) {
    FILE *file = fopen(path, "re");
    char line[512];
    if (file == NULL)
        return cannot_read(path);
    bool understood = fgets(line, sizeof line, file) != NULL; // the heading
    int key, id;
    unsigned mode;
    long long third, fourth, fifth;
    while (understood && fgets(line, sizeof line, file) != NULL) {
        int count = sscanf(line, "%d %d %o %lld %lld %lld", &key, &id, &mode, &third, &fourth, &fifth);
        understood = count == 6;
        if (!understood)
            break;
        if (strcmp(kind, "shm") == 0)
            say_list_item("%s key=0x%x id=%d mode=%o size=%lld cpid=%lld", kind, (unsigned)key, id,
                          mode & 0777, third, fourth);
        else if (strcmp(kind, "sem") == 0)
            say_list_item("%s key=0x%x id=%d mode=%o nsems=%lld", kind, (unsigned)key, id, mode & 0777,
                          third);
        else
            say_list_item("%s key=0x%x id=%d mode=%o bytes=%lld messages=%lld", kind, (unsigned)key, id,
                          mode & 0777, third, fourth);
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

/// The entries of a directory, by kind. `fixed_kind` names them all alike, and then none is a directory of
/// names.
static bool count_files(int at, const char *path, const char *shown, const char *fixed_kind, bool top) {
    int descriptor = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = descriptor != -1 ? fdopendir(descriptor) : NULL;
    if (directory == NULL) {
        int reason = errno;
        if (descriptor != -1)
            close(descriptor);
        errno = reason;
        // One further down may be gone in between; one that is closed to us is itself counted.
        return (!top && (errno == ENOENT || errno == EACCES)) || cannot_read(shown);
    }
    bool complete = true;
    for (struct dirent *entry; complete;) {
        struct stat status;
        errno = 0;
        if ((entry = readdir(directory)) == NULL) {
            complete = errno == 0 || cannot_read(shown);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (top && fixed_kind == NULL && strcmp(entry->d_name, first_entry) == 0)
            continue;
        if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1) {
            complete = errno == ENOENT || cannot_read(shown); // gone in between
            continue;
        }
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", shown, entry->d_name);
        say_list_item("%s %s mode=%o", fixed_kind != NULL ? fixed_kind : kind_of(status.st_mode), name,
                      status.st_mode & 07777);
        if (S_ISDIR(status.st_mode) && fixed_kind == NULL)
            complete = count_files(dirfd(directory), entry->d_name, name, fixed_kind, false);
    }
    int reason = errno;
    closedir(directory);
    errno = reason;
    return complete;
}

static bool count_abstract_sockets(void) {
    const char *path = "/proc/net/unix";
    FILE *file = fopen(path, "re");
    char line[512];
    if (file == NULL)
        return cannot_read(path);
    while (fgets(line, sizeof line, file) != NULL) {
        int name = 0; // of a socket in a directory it begins with a slash, and may have an '@' further on
        sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %n", &name);
        if (name == 0 || line[name] != '@')
            continue;
        line[strcspn(line, "\n")] = '\0';
        say_list_item("abstract %s", line + name);
    }
    fclose(file);
    return true;
}

/// Every process of this PID namespace but its first; without one, every process below this. Who is about to
/// be gone is left out: a race would decide whether he is counted.
static bool count_processes(const struct plan *plan) {
    char text[512], path[64];
    if (!plan->private_sandbox) {
        snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
        FILE *children = fopen(path, "re");
        if (children == NULL)
            return cannot_read(path);
        for (int pid; fscanf(children, "%d", &pid) == 1;) {
            if (!is_ending(pid))
                say_list_item("process %d", pid);
        }
        fclose(children);
        return true;
    }
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return cannot_read("/proc");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid <= 1)
            continue;
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        FILE *file = fopen(path, "re");
        bool named = file != NULL && fgets(text, sizeof text, file) != NULL;
        if (file != NULL)
            fclose(file);
        if (!named || is_ending(pid))
            continue;
        text[strcspn(text, "\n")] = '\0';
        say_list_item("process %d %s", pid, text);
    }
    closedir(directory);
    return true;
}

/// Whether they can never be seen here: there is no such file system, or none for this user.
static bool queues_are_hidden(void) {
    return queues == -1 && (queues_reason == ENOENT || queues_reason == EACCES || queues_reason == EPERM ||
                            queues_reason == ENOSYS);
}

static bool count_queues(void) {
    if (queues_are_hidden())
        return true;
    errno = queues_reason;
    return queues != -1 ? count_files(queues, ".", "", "mq", true) : cannot_read("the mqueue file system");
}

void census(const struct plan *plan) {
    say("ok");
    bool complete = count_sysv("/proc/sysvipc/shm", "shm") && count_sysv("/proc/sysvipc/sem", "sem") &&
                    count_sysv("/proc/sysvipc/msg", "msg") && count_queues() &&
                    count_files(AT_FDCWD, "/dev/shm", "/dev/shm", "posix-shm", true) &&
                    count_files(AT_FDCWD, plan->scratch, plan->scratch, NULL, true) &&
                    count_abstract_sockets() && count_processes(plan);
    if (!complete) {
        say_failure("count", unreadable);
        return;
    }
    say_list("objects");
    say_text("unseen", queues_are_hidden() ? "mq" : "");
    say_end();
}
