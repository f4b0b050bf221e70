/* Operations on the process itself, and on descriptors of every type. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void perform_pid(struct call *call) {
    peer_reply(call, "pid", "%d", getpid());
    peer_reply(call, "ppid", "%d", getppid());
    peer_reply(call, "uid", "%u", geteuid());
    peer_reply(call, "gid", "%u", getegid());
}

static void perform_umask(struct call *call) {
    mode_t mask = peer_mode(call, "mask");
    if (call->outcome == OK)
        peer_reply(call, "mask", "%o", umask(mask));
}

static void perform_setrlimit(struct call *call) {
    static const struct symbol resources[] = {SYMBOL(RLIMIT_NOFILE),  SYMBOL(RLIMIT_MSGQUEUE),
                                              SYMBOL(RLIMIT_FSIZE),   SYMBOL(RLIMIT_SIGPENDING),
                                              SYMBOL(RLIMIT_MEMLOCK), {0}};
    int resource = peer_symbol(call, "resource", resources);
    rlim_t soft = (rlim_t)peer_number(call, "rlim_cur", 0, INT64_MAX);
    struct rlimit limit;
    if (call->outcome != OK)
        return;
    if (getrlimit((__rlimit_resource_t)resource, &limit) == -1) {
        peer_fail_in(call, "getrlimit", errno);
        return;
    }
    limit.rlim_cur = soft;
    if (setrlimit((__rlimit_resource_t)resource, &limit) == -1)
        peer_fail(call, errno);
}

/* Makes an inherited descriptor close-on-exec: the flag is never set on an inherited descriptor. */
static void perform_adopt(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    int fd = (int)peer_number(call, "fd", 0, INT32_MAX);
    if (call->outcome != OK)
        return;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        peer_fail_in(call, "fcntl", errno);
    else
        peer_register_descriptor(handle, fd);
}

/* On Linux, close(2) releases the descriptor even when it fails. A retry could close another descriptor. */
static void perform_close(struct call *call) {
    int fd = peer_descriptor(call);
    if (call->outcome != OK)
        return;
    peer_release_handle(call);
    if (close(fd) == -1)
        peer_fail(call, errno);
}

/* Closes a descriptor without updating its handle, as a defect elsewhere in a program could. */
static void perform_close_fd(struct call *call) {
    int fd = (int)peer_number(call, "fd", 0, INT32_MAX);
    if (call->outcome == OK && close(fd) == -1)
        peer_fail_in(call, "close", errno);
}

static void perform_close_range(struct call *call) {
    static const struct symbol known[] = {SYMBOL(CLOSE_RANGE_CLOEXEC), {0}};
    unsigned first = (unsigned)peer_number(call, "first", 0, UINT32_MAX);
    unsigned last = (unsigned)peer_number(call, "last", 0, UINT32_MAX);
    int flags = peer_flags_or(call, "flags", known, 0);
    if (call->outcome == OK && close_range(first, last, flags) == -1)
        peer_fail(call, errno);
}

/* This clock also sets the timestamps of System V objects; CLOCK_REALTIME, which musl's time(2) reads, may be
 * a tick ahead. */
static void perform_time(struct call *call) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    peer_reply(call, "now", "%lld", (long long)now.tv_sec);
}

static void perform_setpgid(struct call *call) {
    pid_t pid = (pid_t)peer_number_or(call, "pid", INT32_MIN, INT32_MAX, 0);
    pid_t pgid = (pid_t)peer_number_or(call, "pgid", INT32_MIN, INT32_MAX, 0);
    if (call->outcome == OK && setpgid(pid, pgid) == -1)
        peer_fail(call, errno);
}

static void reply_status_flags(struct call *call, int status) {
    static const struct symbol modes[] = {SYMBOL(O_RDONLY), SYMBOL(O_WRONLY), SYMBOL(O_RDWR), {0}};
    static const struct symbol others[] = {SYMBOL(O_NONBLOCK), SYMBOL(O_DIRECT), SYMBOL(O_APPEND), {0}};
    char spelt[64] = "";
    strlcpy(spelt, peer_symbol_name(status & O_ACCMODE, modes) ?: "O_ACCMODE", sizeof spelt);
    peer_format_flags(spelt, sizeof spelt, status, others);
    peer_reply(call, "return", "%s", spelt);
}

static void perform_fcntl(struct call *call) {
    static const struct symbol commands[] = {SYMBOL(F_GETFL),      SYMBOL(F_SETFL),
                                             SYMBOL(F_GETFD),      SYMBOL(F_GETPIPE_SZ),
                                             SYMBOL(F_SETPIPE_SZ), SYMBOL(F_ADD_SEALS),
                                             SYMBOL(F_GET_SEALS),  SYMBOL(F_DUPFD_CLOEXEC),
                                             SYMBOL(F_SETFD),      {0}};
    static const struct symbol settable[] = {SYMBOL(O_NONBLOCK), {0}};
    static const struct symbol descriptor_flags[] = {SYMBOL(FD_CLOEXEC), {0}};
    static const struct symbol seals[] = {SYMBOL(F_SEAL_SEAL),         SYMBOL(F_SEAL_SHRINK),
                                          SYMBOL(F_SEAL_GROW),         SYMBOL(F_SEAL_WRITE),
                                          SYMBOL(F_SEAL_FUTURE_WRITE), {0}};
    int fd = peer_descriptor(call);
    int command = peer_symbol(call, "cmd", commands);
    const bool duplicates = command == F_DUPFD_CLOEXEC;
    int argument = command == F_SETFL       ? peer_flags(call, "arg", settable)
                   : command == F_SETFD     ? peer_flags(call, "arg", descriptor_flags)
                   : command == F_ADD_SEALS ? peer_flags(call, "arg", seals)
                   : command == F_SETPIPE_SZ || duplicates
                       ? (int)peer_number(call, "arg", INT32_MIN, INT32_MAX)
                       : 0;
    const char *duplicate = duplicates ? peer_new_handle(call, "duplicate") : NULL;
    if (call->outcome != OK)
        return;
    if (command == F_SETFL) { /* F_SETFL replaces all flags, but the others must not change */
        int before = fcntl(fd, F_GETFL);
        if (before == -1) {
            peer_fail(call, errno);
            return;
        }
        argument |= before & ~O_NONBLOCK;
    }
    int result = fcntl(fd, command, argument);
    if (result == -1)
        peer_fail(call, errno);
    else if (command == F_GETFL)
        reply_status_flags(call, result);
    else if (command == F_GETFD)
        peer_reply(call, "return", "%s", result & FD_CLOEXEC ? "FD_CLOEXEC" : "0");
    else if (command == F_GET_SEALS)
        peer_reply_flags(call, "return", result, seals);
    else if (duplicates) {
        peer_register_descriptor(duplicate, result);
        peer_reply(call, "fd", "%d", result);
    } else
        peer_reply(call, "return", "%d", result);
}

static void perform_ioctl(struct call *call) {
    static const struct symbol requests[] = {SYMBOL(FIONREAD), {0}};
    int fd = peer_descriptor(call);
    int request = peer_symbol(call, "request", requests);
    int value;
    if (call->outcome != OK)
        return;
    if (ioctl(fd, (unsigned long)request, &value) == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "value", "%d", value);
}

const struct operation peer_general_operations[] = {
    {"pid", "", perform_pid},
    {"umask", "mask", perform_umask},
    {"setrlimit", "resource rlim_cur", perform_setrlimit},
    {"adopt", "handle fd", perform_adopt},
    {"close", "handle", perform_close},
    {"close_fd", "fd", perform_close_fd},
    {"close_range", "first last flags", perform_close_range},
    {"time", "", perform_time},
    {"setpgid", "pid pgid", perform_setpgid},
    {"fcntl", "handle cmd arg duplicate", perform_fcntl},
    {"ioctl", "handle request", perform_ioctl},
    {0},
};
