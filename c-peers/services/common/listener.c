/* The socket on which a server listens. */
#include "service.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The path that this server created. Another server may replace the file, so the path is removed only if it
 * still names the same file. */
static struct {
    const char *path;
    dev_t device;
    ino_t inode;
} created;

static void remove_created(void) {
    struct stat status;
    if (created.path && lstat(created.path, &status) == 0 && status.st_dev == created.device &&
        status.st_ino == created.inode)
        unlink(created.path);
    created.path = NULL;
}

static int open_socket(int type) {
    const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        err(EXIT_FAILURE, "socket");
    return fd;
}

/* Whether the socket at the path is dead: no process has it open. An open stream socket refuses a datagram
 * socket with EPROTOTYPE, so this does not connect to a server. */
static bool is_stale(const struct sockaddr_un *address) {
    const int fd = open_socket(SOCK_DGRAM);
    const bool refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == -1 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* Removes the path of a server that died. Servers take turns: otherwise one could remove another's new path.
 * Returns a lock descriptor; closing it releases the lock. */
static int remove_stale(const struct sockaddr_un *address) {
    char directory[sizeof address->sun_path];
    strlcpy(directory, address->sun_path, sizeof directory);
    const int lock = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct timeout two_seconds = timeout_option("2");
    struct timespec pause = {0};
    while (lock == -1 || flock(lock, LOCK_EX | LOCK_NB) == -1)
        if (lock == -1 || errno != EWOULDBLOCK || !pause_for(two_seconds, &pause))
            err(EXIT_FAILURE, "flock '%s'", directory);
    struct stat before, after;
    if (lstat(address->sun_path, &before) == 0 && S_ISSOCK(before.st_mode) && is_stale(address) &&
        lstat(address->sun_path, &after) == 0 && before.st_ino == after.st_ino &&
        before.st_dev == after.st_dev)
        unlink(address->sun_path);
    return lock;
}

int listener_open(const char *path, mode_t mode) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        err(EXIT_FAILURE, "bind '%s'", path);
    }
    const int fd = open_socket(SOCK_STREAM);
    /* The kernel gives the file the socket's mode, so the file is never more permissive than requested. */
    umask(0);
    if (fchmod(fd, mode) == -1)
        err(EXIT_FAILURE, "fchmod '%s'", path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        const int lock = errno == EADDRINUSE ? remove_stale(&address) : -1;
        if (lock == -1 || bind(fd, (const struct sockaddr *)&address, sizeof address) == -1)
            err(EXIT_FAILURE, "bind '%s'", path);
        close(lock);
    }
    umask(077);
    struct stat status;
    if (lstat(path, &status) == -1)
        err(EXIT_FAILURE, "stat '%s'", path);
    created.path = path;
    created.device = status.st_dev;
    created.inode = status.st_ino;
    atexit(remove_created);
    if (listen(fd, SOMAXCONN) == -1)
        err(EXIT_FAILURE, "listen '%s'", path);
    return fd;
}

void listener_close(int fd) {
    remove_created();
    close(fd);
}
