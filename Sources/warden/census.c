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
static char first_entry[256]; // of the way to what is kept visible in /tmp, which is not of the cell's making

void remember_scratch(const struct plan *plan) {
    queues = mqueue_directory();
    size_t length = strlen(plan->scratch);
    if (plan->keep != NULL && strncmp(plan->keep, plan->scratch, length) == 0 && plan->keep[length] == '/') {
        strlcpy(first_entry, plan->keep + length + 1, sizeof first_entry);
        first_entry[strcspn(first_entry, "/")] = '\0';
    }
}

/// The objects of one System V mechanism. `columns` says which numbers of a line to show, after key and
/// identifier.
static void count_sysv(const char *path, const char *kind) {
    FILE *file = fopen(path, "re");
    char line[512];
    if (file == NULL || fgets(line, sizeof line, file) == NULL) { // the heading
        if (file != NULL)
            fclose(file);
        return;
    }
    int key, id;
    unsigned mode;
    long long third, fourth, fifth;
    while (fgets(line, sizeof line, file) != NULL) {
        int count = sscanf(line, "%d %d %o %lld %lld %lld", &key, &id, &mode, &third, &fourth, &fifth);
        if (count < 6)
            continue;
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
}

static const char *kind_of(mode_t mode) {
    if (S_ISFIFO(mode))
        return "fifo";
    return S_ISSOCK(mode) ? "socket" : "file";
}

/// The entries of a directory, by kind; `fixed_kind` names them all alike. Directories are entered.
static void count_files(int at, const char *path, const char *shown, const char *fixed_kind, bool top) {
    int descriptor = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = descriptor != -1 ? fdopendir(descriptor) : NULL;
    if (directory == NULL) {
        if (descriptor != -1)
            close(descriptor);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (top && fixed_kind == NULL && strcmp(entry->d_name, first_entry) == 0)
            continue;
        if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1)
            continue; // gone in between
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", shown, entry->d_name);
        say_list_item("%s %s mode=%o", fixed_kind != NULL ? fixed_kind : kind_of(status.st_mode), name,
                      status.st_mode & 07777);
        if (S_ISDIR(status.st_mode))
            count_files(dirfd(directory), entry->d_name, name, fixed_kind, false);
    }
    closedir(directory);
}

static void count_abstract_sockets(void) {
    FILE *file = fopen("/proc/net/unix", "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *name = strchr(line, '@');
        if (name == NULL)
            continue;
        name[strcspn(name, "\n")] = '\0';
        say_list_item("abstract %s", name);
    }
    if (file != NULL)
        fclose(file);
}

/// Every process of this PID namespace but its first; without one, every process below this.
static void count_processes(const struct plan *plan) {
    char text[512], path[64];
    if (!plan->private_sandbox) {
        snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
        FILE *children = fopen(path, "re");
        for (int pid; children != NULL && fscanf(children, "%d", &pid) == 1;)
            say_list_item("process %d", pid);
        if (children != NULL)
            fclose(children);
        return;
    }
    DIR *directory = opendir("/proc");
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid <= 1)
            continue;
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        FILE *file = fopen(path, "re");
        bool named = file != NULL && fgets(text, sizeof text, file) != NULL;
        if (file != NULL)
            fclose(file);
        if (!named)
            continue;
        text[strcspn(text, "\n")] = '\0';
        say_list_item("process %d %s", pid, text);
    }
    if (directory != NULL)
        closedir(directory);
}

void census(const struct plan *plan) {
    say("ok");
    count_sysv("/proc/sysvipc/shm", "shm");
    count_sysv("/proc/sysvipc/sem", "sem");
    count_sysv("/proc/sysvipc/msg", "msg");
    if (queues != -1)
        count_files(queues, ".", "", "mq", true);
    count_files(AT_FDCWD, "/dev/shm", "/dev/shm", "posix-shm", true);
    count_files(AT_FDCWD, plan->scratch, plan->scratch, NULL, true);
    count_abstract_sockets();
    count_processes(plan);
    say_list("objects");
    say_end();
}
