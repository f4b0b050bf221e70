/* Creates and opens anonymous pipes and FIFOs. transfer.c moves the bytes. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void perform_pipe2(struct call *call) {
    static const struct symbol known[] = {SYMBOL(O_NONBLOCK), SYMBOL(O_DIRECT), SYMBOL(O_CLOEXEC), {0}};
    const char *reader = peer_new_handle(call, "reader");
    const char *writer = peer_new_handle(call, "writer");
    int wanted = peer_flags_or(call, "flags", known, 0);
    int ends[2];
    if (call->outcome != OK)
        return;
    /* Set close-on-exec from the start: if it were set later, a fork in the meantime would leak the ends to
     * another program. */
    if (pipe2(ends, wanted | O_CLOEXEC) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(reader, ends[0]);
    peer_register_descriptor(writer, ends[1]);
    peer_reply(call, "fd", "%d,%d", ends[0], ends[1]);
}

static void perform_mkfifo(struct call *call) {
    const char *path = peer_text(call, "path");
    mode_t mode = peer_mode(call, "mode");
    bool exact = peer_exact(call);
    if (call->outcome != OK)
        return;
    /* Do not call chmod(2) afterwards: the name may already belong to another file. Changing the
     * umask is safe, because this process has only one thread. */
    mode_t mask = exact ? umask(0) : 0;
    int result = mkfifo(path, mode), error = errno;
    if (exact)
        umask(mask);
    if (result == -1)
        peer_fail(call, error);
}

/* A blocking open has no timeout. A nonblocking open fails with ENXIO while there is no reader; after it
 * succeeds, the flags from the request are restored. */
static int open_with_timeout(const char *path, int oflag, struct timespec timeout) {
    const struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    struct timespec backoff = peer_first_backoff;
    int fd;
    while ((fd = open(path, oflag | O_NONBLOCK)) == -1)
        if (errno != ENXIO || !peer_pause_before(&deadline, &backoff))
            return -1;
    int status = fcntl(fd, F_GETFL);
    if (status == -1 || fcntl(fd, F_SETFL, oflag & O_NONBLOCK ? status : status & ~O_NONBLOCK) == -1) {
        int error = errno;
        close(fd);
        errno = error;
        return peer_set_failed_call("fcntl");
    }
    return fd;
}

static void perform_open(struct call *call) {
    static const struct symbol known[] = {SYMBOL(O_RDONLY),
                                          SYMBOL(O_WRONLY),
                                          SYMBOL(O_RDWR),
                                          SYMBOL(O_NONBLOCK),
                                          SYMBOL(O_NOFOLLOW),
                                          SYMBOL(O_CLOEXEC),
                                          {0}};
    const char *handle = peer_new_handle(call, "handle");
    const char *path = peer_text(call, "path");
    int oflag = peer_flags(call, "oflag", known) | O_CLOEXEC;
    bool timed = peer_has(call, "timeout");
    struct timespec timeout = timed ? peer_seconds(call, "timeout") : (struct timespec){0};
    /* A nonblocking open for reading succeeds immediately. */
    if (timed && (oflag & O_ACCMODE) != O_WRONLY)
        peer_invalid_request(call, "a timeout needs O_WRONLY");
    if (call->outcome != OK)
        return;
    int fd = timed ? open_with_timeout(path, oflag, timeout) : open(path, oflag);
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

static const char *type_of(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFIFO: return "fifo";
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "link";
    case S_IFSOCK: return "socket";
    default: return "other";
    }
}

static void perform_stat(struct call *call) {
    const char *path = peer_text(call, "path");
    struct stat status;
    if (call->outcome != OK)
        return;
    if (lstat(path, &status) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "type", "%s", type_of(status.st_mode));
    peer_reply(call, "mode", "%o", status.st_mode & 07777);
    peer_reply(call, "uid", "%u", status.st_uid);
    peer_reply(call, "gid", "%u", status.st_gid);
}

static void perform_unlink(struct call *call) {
    const char *path = peer_text(call, "path");
    if (call->outcome == OK && unlink(path) == -1)
        peer_fail(call, errno);
}

const struct operation peer_pipe_operations[] = {
    {"pipe2", "reader writer flags", perform_pipe2},
    {"mkfifo", "path mode exact", perform_mkfifo},
    {"open", "handle path oflag timeout", perform_open},
    {"stat", "path", perform_stat},
    {"unlink", "path", perform_unlink},
    {0},
};
