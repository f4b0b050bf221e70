#include "sandbox_init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Directories in the order in which they are found: parents before their entries.
struct list {
    char **paths;
    size_t count, capacity;
};

static bool append(struct list *list, char *path) {
    if (path != NULL && list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        char **longer = reallocarray(list->paths, capacity, sizeof *longer);
        if (longer != NULL) {
            list->paths = longer;
            list->capacity = capacity;
        }
    }
    if (path == NULL || list->count == list->capacity) {
        free(path);
        errno = ENOMEM;
        return false;
    }
    list->paths[list->count++] = path;
    return true;
}

static void free_list(struct list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
}

static char *joined(const char *path, const char *name) {
    size_t length = strlen(path), name_length = strlen(name);
    char *joined = malloc(length + name_length + 2);
    if (joined != NULL) {
        memcpy(joined, path, length);
        joined[length] = '/';
        memcpy(joined + length + 1, name, name_length + 1);
    }
    return joined;
}

/// Opens a part of a path, without leaving it through a symbolic link that a peer may have created in the
/// meantime.
static int open_beneath(int at, const char *path, int flags) {
    struct open_how how = {.flags = (unsigned)(flags | O_DIRECTORY | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, at, path, &how, sizeof how);
}

/// Opens a directory by its path from `root`, which may be longer than a system call accepts. "" is the
/// root.
static int open_directory(int root, const char *path) {
    int at = root;
    path += path[0] == '/';
    while (at != -1 && strlen(path) >= PATH_MAX) {
        char part[PATH_MAX];
        memcpy(part, path, sizeof part);
        part[PATH_MAX - 1] = '\0';
        char *slash = strrchr(part, '/');
        *slash = '\0';
        int next = open_beneath(at, part, O_PATH);
        if (at != root)
            close(at);
        at = next;
        path += slash - part + 1;
    }
    int directory = at != -1 ? open_beneath(at, path[0] != '\0' ? path : ".", O_RDONLY) : -1;
    int reason = errno;
    if (at != root && at != -1)
        close(at);
    errno = reason;
    return directory;
}

static bool is_entry(const struct dirent *found) {
    return strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0;
}

/// Visits the entries in one directory, and appends its subdirectories to `directories`.
static bool visit_directory(int root, const char *path, struct list *directories,
                            bool (*visit)(const struct entry *entry, void *context), void *context) {
    int descriptor = open_directory(root, path);
    DIR *directory = descriptor != -1 ? fdopendir(descriptor) : NULL;
    if (directory == NULL) {
        int reason = errno;
        if (descriptor != -1)
            close(descriptor);
        errno = reason;
        // A directory below the root may have been removed. A directory that this user cannot read is listed
        // without its entries.
        return path[0] != '\0' && (errno == ENOENT || errno == EACCES || errno == ELOOP);
    }
    bool complete = true;
    while (complete) {
        struct stat status;
        errno = 0;
        struct dirent *found = readdir(directory);
        if (found == NULL) {
            complete = errno == 0;
            break;
        }
        if (!is_entry(found))
            continue;
        if (fstatat(dirfd(directory), found->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1) {
            complete = errno == ENOENT; // the entry was removed in the meantime
            continue;
        }
        char *full = joined(path, found->d_name);
        if (full == NULL) {
            complete = false;
            break;
        }
        bool enter = visit(&(struct entry){dirfd(directory), found->d_name, full, &status}, context);
        if (enter && S_ISDIR(status.st_mode) && directories != NULL)
            complete = append(directories, full);
        else
            free(full);
    }
    int reason = errno;
    closedir(directory);
    errno = reason;
    return complete;
}

bool walk(int root, bool top_only, bool (*visit)(const struct entry *entry, void *context), void *context) {
    struct list directories = {0};
    bool complete = visit_directory(root, "", top_only ? NULL : &directories, visit, context);
    for (size_t i = 0; complete && i < directories.count; i++)
        complete = visit_directory(root, directories.paths[i], &directories, visit, context);
    int reason = errno;
    free_list(&directories);
    errno = reason;
    return complete;
}

/// Removes the files in a directory, and moves its subdirectories to the root, named with the next free
/// numbers.
static void flatten(int root, const char *name, unsigned *number) {
    fchmodat(root, name, 0700, 0);
    int descriptor = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = descriptor != -1 ? fdopendir(descriptor) : NULL;
    for (struct dirent *found; directory != NULL && (found = readdir(directory)) != NULL;) {
        if (!is_entry(found) || unlinkat(descriptor, found->d_name, 0) == 0)
            continue;
        fchmodat(descriptor, found->d_name, 0700, 0);
        char to[16];
        do
            snprintf(to, sizeof to, "%u", (*number)++);
        while (renameat2(descriptor, found->d_name, root, to, RENAME_NOREPLACE) == -1 && errno == EEXIST);
    }
    if (directory != NULL)
        closedir(directory);
}

/// Removes everything that can be removed. It first moves nested directories to the root: finding each one by
/// its path would take time quadratic in the depth.
void remove_tree(const char *path) {
    int root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root == -1)
        return;
    unsigned number = 0;
    for (bool progress = true; progress;) {
        progress = false;
        int descriptor = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = descriptor != -1 ? fdopendir(descriptor) : NULL;
        for (struct dirent *found; directory != NULL && (found = readdir(directory)) != NULL;) {
            if (!is_entry(found))
                continue;
            if (unlinkat(root, found->d_name, 0) == -1 && errno == EISDIR)
                flatten(root, found->d_name, &number);
            progress = unlinkat(root, found->d_name, AT_REMOVEDIR) == 0 || progress;
        }
        if (directory != NULL)
            closedir(directory);
    }
    close(root);
    rmdir(path);
}
