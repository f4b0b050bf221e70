/* The file server's root directory: the kernel refuses paths that lead out of it, or through a symbolic
 * link. */
#include "file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int root = -1;

int open_beneath(int directory, const char *path, int flags, mode_t mode) {
    /* With O_NONBLOCK, opening a FIFO or a device does not block. The flag has no effect on a regular
     * file. */
    const struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                                 .mode = mode,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

void root_open(const char *path) {
    root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root == -1)
        err(EXIT_FAILURE, "open '%s'", path);
    const int probe = open_beneath(root, ".", O_RDONLY | O_DIRECTORY, 0);
    if (probe == -1)
        err(EXIT_FAILURE, "openat2 '%s' (use Linux 5.6 or later, and allow the call in containers)", path);
    close(probe);
}

int root_file(const char *path) {
    struct stat status;
    const int fd = open_beneath(root, path, O_RDWR, 0);
    if (fd == -1 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return fd;
    close(fd);
    errno = ENODEV;
    return -1;
}

int root_parent(const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!directory)
        err(EX_OSERR, "malloc");
    *name = slash ? slash + 1 : path;
    const int fd = open_beneath(root, directory, O_RDONLY | O_DIRECTORY, 0);
    free(directory);
    return fd;
}
