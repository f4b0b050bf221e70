#include "sandbox_init.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

// Files that a scenario creates before its first step, and files that it compares. A role may have created a
// link in the meantime, so no link is followed.

enum { MAX_FILE = 256 << 10 };

/// Opens the directory of `path` below the scratch directory, and creates missing directories. `path` is
/// truncated before the file name. Returns -1 with errno.
static int open_parent(const struct plan *plan, char *path, const char **name) {
    size_t length = strlen(plan->scratch);
    if (strncmp(path, plan->scratch, length) != 0 || path[length] != '/' || strstr(path, "/..") != NULL) {
        errno = EXDEV;
        return -1;
    }
    int at = open(plan->scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *part = path + length + 1;
    for (char *slash; at != -1 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        *slash = '\0';
        bool made = mkdirat(at, part, 0755) == 0;
        int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (made && next != -1 && fchown(next, peers_user(), (gid_t)-1) == -1) {
            close(next);
            next = -1;
        }
        int reason = errno;
        close(at);
        errno = reason;
        at = next;
    }
    *name = part;
    return at;
}

static bool write_all(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return false;
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

void create_file(const struct plan *plan, const char *line) {
    char path[4096];
    const char *name, *given = field(line, "path", NULL);
    if (given == NULL || strlcpy(path, given, sizeof path) >= sizeof path) {
        errno = EINVAL;
        reply_failure("open", "a file");
        return;
    }
    int directory = open_parent(plan, path, &name);
    int created = directory == -1
                      ? -1
                      : openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t length = 0;
    const char *bytes = field(line, "bytes", &length);
    bool written =
        created != -1 && write_all(created, bytes, length) && fchown(created, peers_user(), (gid_t)-1) == 0;
    int reason = errno;
    if (created != -1)
        close(created);
    if (directory != -1)
        close(directory);
    errno = reason;
    if (!written) {
        reply_failure("open", field(line, "path", NULL));
        return;
    }
    reply("ok");
    reply_end();
}

/// Opens a path with the permissions of the peers' user, who has one group and no supplementary groups.
static int open_as_peer(const char *path, const struct open_how *how) {
    static gid_t groups[NGROUPS_MAX];
    const uid_t peer = peers_user();
    if (peer == geteuid()) // the peers also have this process's groups
        return (int)syscall(SYS_openat2, AT_FDCWD, path, how, sizeof *how);
    const int count = getgroups(NGROUPS_MAX, groups);
    if (count == -1 || setgroups(0, NULL) == -1)
        return -1;
    const uid_t user = (uid_t)setfsuid(peer);
    const gid_t group = (gid_t)setfsgid(peer);
    const int descriptor = (int)syscall(SYS_openat2, AT_FDCWD, path, how, sizeof *how);
    const int reason = errno;
    setfsgid(group);
    setfsuid(user);
    if (setgroups((size_t)count, groups) == -1)
        err(1, "setgroups");
    errno = reason;
    return descriptor;
}

/// Opens a regular file with the permissions of the peers' user.
static int open_for_reading(const char *path) {
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    struct stat status;
    int descriptor = open_as_peer(path, &how);
    if (descriptor == -1 || (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)))
        return descriptor;
    close(descriptor);
    errno = EINVAL;
    return -1;
}

void reply_file(const char *line) {
    static char bytes[MAX_FILE + 1];
    char path[4096] = "";
    const char *given = field(line, "path", NULL);
    if (given != NULL)
        strlcpy(path, given, sizeof path);
    size_t length = 0;
    int descriptor = open_for_reading(path);
    ssize_t count = descriptor == -1 ? -1 : 1;
    while (count > 0 && length < sizeof bytes) {
        count = read(descriptor, bytes + length, sizeof bytes - length);
        if (count > 0)
            length += (size_t)count;
        if (count == -1 && errno == EINTR)
            count = 1;
    }
    int reason = length > MAX_FILE ? EFBIG : errno;
    if (descriptor != -1)
        close(descriptor);
    errno = reason;
    if (count == -1 || length > MAX_FILE) {
        reply_failure("open", path);
        return;
    }
    reply("ok");
    reply_bytes("bytes", bytes, length);
    reply_end();
}
