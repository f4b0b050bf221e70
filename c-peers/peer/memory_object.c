/* Objects to map: POSIX shared memory, regular files, anonymous memory. mapping.c maps them. */
#include "parts.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct symbol open_flags[] = {SYMBOL(O_RDONLY), SYMBOL(O_WRONLY),  SYMBOL(O_RDWR),
                                           SYMBOL(O_CREAT),  SYMBOL(O_EXCL),    SYMBOL(O_TRUNC),
                                           SYMBOL(O_APPEND), SYMBOL(O_CLOEXEC), {0}};

/* The umask reduces the permissions of a new object. With `exact`, fchmod(2) sets them through the
 * descriptor, but only on an object that this call created. */
static bool register_created(struct call *call, const char *handle, int fd, bool exact, mode_t mode) {
    if (exact && fchmod(fd, mode) == -1) {
        peer_fail_in(call, "fchmod", errno);
        close(fd);
        return false;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
    return true;
}

static bool wants_exact(struct call *call, int oflag) {
    bool exact = peer_exact(call);
    if (exact && !(oflag & O_EXCL))
        peer_invalid_request(call, "exact permissions need O_EXCL");
    return exact;
}

static void perform_shm_open(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    const char *name = peer_text(call, "name");
    int oflag = peer_flags(call, "oflag", open_flags);
    mode_t mode = peer_mode_or(call, "mode", 0600);
    bool exact = wants_exact(call, oflag);
    if (call->outcome != OK)
        return;
    /* shm_open(3) sets FD_CLOEXEC itself. */
    int fd = shm_open(name, oflag & ~O_CLOEXEC, mode);
    if (fd == -1)
        peer_fail(call, errno);
    else if (!register_created(call, handle, fd, exact, mode))
        shm_unlink(name); /* do not leave an object with wrong permissions behind */
}

static void perform_shm_unlink(struct call *call) {
    const char *name = peer_text(call, "name");
    if (call->outcome == OK && shm_unlink(name) == -1)
        peer_fail(call, errno);
}

/* Whether the file is a regular file. If not, reports the error that mapping it would cause. */
static bool can_be_mapped(struct call *call, int fd) {
    struct stat status;
    if (fstat(fd, &status) == -1) {
        peer_fail_in(call, "fstat", errno);
        return false;
    }
    if (S_ISREG(status.st_mode))
        return true;
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED)
        munmap(page, 1);
    peer_fail_in(call, "mmap", page == MAP_FAILED ? errno : ENODEV);
    return false;
}

static void perform_open_file(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    const char *path = peer_text(call, "path");
    int oflag = peer_flags(call, "oflag", open_flags);
    mode_t mode = peer_mode_or(call, "mode", 0600);
    bool exact = wants_exact(call, oflag);
    if (call->outcome != OK)
        return;
    int fd = open(path, oflag | O_CLOEXEC, mode);
    if (fd == -1)
        peer_fail_in(call, "open", errno);
    else if (!can_be_mapped(call, fd)) {
        close(fd);
        if (oflag & O_EXCL)
            unlink(path); /* allows the request to be repeated */
    } else if (!register_created(call, handle, fd, exact, mode))
        unlink(path);
}

static void perform_memfd_create(struct call *call) {
    static const struct symbol known[] = {SYMBOL(MFD_ALLOW_SEALING), SYMBOL(MFD_CLOEXEC), {0}};
    const char *handle = peer_new_handle(call, "handle");
    const char *name = peer_text(call, "name");
    unsigned wanted = (unsigned)peer_flags_or(call, "flags", known, 0);
    if (call->outcome != OK)
        return;
    int fd = memfd_create(name, wanted | MFD_CLOEXEC);
    if (fd == -1)
        peer_fail(call, errno);
    else
        register_created(call, handle, fd, false, 0);
}

/* Beyond RLIMIT_FSIZE the kernel also sends a signal, which would terminate the peer. */
static int limited(int fd, off_t length, int (*change)(int, off_t)) {
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    int result = change(fd, length), error = errno;
    signal(SIGXFSZ, before);
    errno = error;
    return result;
}

static int allocate(int fd, off_t length) {
    return fallocate(fd, 0, 0, length);
}

static void change_size(struct call *call, int (*change)(int, off_t)) {
    int fd = peer_descriptor(call);
    off_t length = peer_offset(call, "length", INT64_MIN);
    peer_text(call, "length"); /* checks that the required parameter exists */
    if (call->outcome == OK && limited(fd, length, change) == -1)
        peer_fail(call, errno);
}

static void perform_ftruncate(struct call *call) {
    change_size(call, ftruncate);
}

static void perform_fallocate(struct call *call) {
    change_size(call, allocate);
}

static void perform_fstat(struct call *call) {
    int fd = peer_descriptor(call);
    struct stat status;
    if (call->outcome != OK)
        return;
    if (fstat(fd, &status) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "st_size", "%lld", (long long)status.st_size);
    peer_reply(call, "mode", "%o", status.st_mode & 07777);
    peer_reply(call, "uid", "%u", status.st_uid);
    peer_reply(call, "gid", "%u", status.st_gid);
}

static void perform_lseek(struct call *call) {
    static const struct symbol origins[] = {SYMBOL(SEEK_SET), SYMBOL(SEEK_CUR), SYMBOL(SEEK_END), {0}};
    int fd = peer_descriptor(call);
    off_t offset = peer_offset(call, "offset", INT64_MIN);
    int origin = peer_symbol(call, "whence", origins);
    if (call->outcome != OK)
        return;
    off_t position = lseek(fd, offset, origin);
    if (position == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%lld", (long long)position);
}

static void perform_pread(struct call *call) {
    int fd = peer_descriptor(call);
    off_t at = peer_offset(call, "at", 0);
    size_t count = peer_size(call, "count");
    struct expectation expected = peer_expectation(call);
    void *room = call->outcome == OK ? peer_scratch(call, count) : NULL;
    if (!room)
        return;
    ssize_t length = pread(fd, room, count, at);
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply_payload(call, "buf", expected, room, (size_t)length);
}

static void perform_pwrite(struct call *call) {
    int fd = peer_descriptor(call);
    off_t at = peer_offset(call, "at", 0);
    struct payload written = peer_payload(call, "buf", "count");
    if (call->outcome != OK)
        return;
    ssize_t length = pwrite(fd, written.bytes, written.length, at);
    if (length == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%zd", length);
}

/* Reads into several parts, in order. */
static void perform_preadv(struct call *call) {
    int fd = peer_descriptor(call);
    off_t at = peer_offset(call, "at", 0);
    size_t count = (size_t)peer_number(call, "count", 0, 1 << 30);
    struct expectation expected = peer_expectation(call);
    void *room = call->outcome == OK ? peer_scratch(call, count) : NULL;
    if (!room)
        return;
    struct parts parts = peer_parts(call, room, count);
    if (call->outcome != OK)
        return;
    ssize_t length = preadv(fd, parts.vectors, parts.count, at);
    if (length == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply_payload(call, "buf", expected, room, (size_t)length);
}

static void perform_pwritev(struct call *call) {
    int fd = peer_descriptor(call);
    off_t at = peer_offset(call, "at", 0);
    struct payload written = peer_payload(call, "buf", "count");
    struct parts parts = peer_parts(call, (void *)written.bytes, written.length);
    if (call->outcome != OK)
        return;
    ssize_t length = pwritev(fd, parts.vectors, parts.count, at);
    if (length == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%zd", length);
}

const struct operation peer_memory_object_operations[] = {
    {"shm_open", "handle name oflag mode exact", perform_shm_open},
    {"shm_unlink", "name", perform_shm_unlink},
    {"memfd_create", "handle name flags", perform_memfd_create},
    {"open_file", "handle path oflag mode exact", perform_open_file},
    {"ftruncate", "handle length", perform_ftruncate},
    {"fallocate", "handle length", perform_fallocate},
    {"fstat", "handle", perform_fstat},
    {"lseek", "handle offset whence", perform_lseek},
    {"pread", "handle at count pattern offset", perform_pread},
    {"pwrite", "handle at buf count pattern offset", perform_pwrite},
    {"preadv", "handle at parts count pattern offset", perform_preadv},
    {"pwritev", "handle at parts buf count pattern offset", perform_pwritev},
    {0},
};
