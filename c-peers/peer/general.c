/* The process itself, and what every descriptor has. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void perform_pid(struct call *call) {
    answer(call, "pid", "%d", getpid());
    answer(call, "ppid", "%d", getppid());
    answer(call, "uid", "%u", geteuid());
    answer(call, "gid", "%u", getegid());
}

static void perform_umask(struct call *call) {
    mode_t mask = permissions(call, "mask");
    if (call->outcome == OK)
        answer(call, "mask", "%o", umask(mask));
}

static void perform_setrlimit(struct call *call) {
    static const struct symbol resources[] = {
        SYMBOL(RLIMIT_NOFILE), SYMBOL(RLIMIT_MSGQUEUE), SYMBOL(RLIMIT_FSIZE), SYMBOL(RLIMIT_SIGPENDING), {0}};
    int resource = one_of(call, "resource", resources);
    rlim_t soft = (rlim_t)number(call, "rlim_cur", 0, INT64_MAX);
    struct rlimit limit;
    if (call->outcome != OK)
        return;
    if (getrlimit((__rlimit_resource_t)resource, &limit) == -1) {
        fail_in(call, "getrlimit", errno);
        return;
    }
    limit.rlim_cur = soft;
    if (setrlimit((__rlimit_resource_t)resource, &limit) == -1)
        fail(call, errno);
}

/* An inherited descriptor could not be close-on-exec, or it would not be here; from now on it is. */
static void perform_adopt(struct call *call) {
    const char *handle = new_handle(call, "handle");
    int fd = (int)number(call, "fd", 0, INT32_MAX);
    if (call->outcome != OK)
        return;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        fail_in(call, "fcntl", errno);
    else
        hold_descriptor(handle, fd);
}

/* Whatever close(2) says, on Linux the descriptor is gone, and calling again might close somebody else's. */
static void perform_close(struct call *call) {
    int fd = descriptor(call);
    if (call->outcome != OK)
        return;
    release(call);
    if (close(fd) == -1)
        fail(call, errno);
}

static void answer_status_flags(struct call *call, int status) {
    static const struct symbol modes[] = {SYMBOL(O_RDONLY), SYMBOL(O_WRONLY), SYMBOL(O_RDWR), {0}};
    static const struct symbol others[] = {SYMBOL(O_NONBLOCK), SYMBOL(O_DIRECT), {0}};
    char spelt[64] = "";
    strlcpy(spelt, symbol_name(status & O_ACCMODE, modes) ?: "O_ACCMODE", sizeof spelt);
    spell_flags(spelt, sizeof spelt, status, others);
    answer(call, "return", "%s", spelt);
}

static void perform_fcntl(struct call *call) {
    static const struct symbol commands[] = {
        SYMBOL(F_GETFL),      SYMBOL(F_SETFL),     SYMBOL(F_GETFD),     SYMBOL(F_GETPIPE_SZ),
        SYMBOL(F_SETPIPE_SZ), SYMBOL(F_ADD_SEALS), SYMBOL(F_GET_SEALS), {0}};
    static const struct symbol settable[] = {SYMBOL(O_NONBLOCK), {0}};
    static const struct symbol seals[] = {
        SYMBOL(F_SEAL_SEAL), SYMBOL(F_SEAL_SHRINK), SYMBOL(F_SEAL_GROW), SYMBOL(F_SEAL_WRITE), {0}};
    int fd = descriptor(call);
    int command = one_of(call, "cmd", commands);
    int argument = command == F_SETFL        ? flags(call, "arg", settable)
                   : command == F_ADD_SEALS  ? flags(call, "arg", seals)
                   : command == F_SETPIPE_SZ ? (int)number(call, "arg", INT32_MIN, INT32_MAX)
                                             : 0;
    if (call->outcome != OK)
        return;
    if (command == F_SETFL) { /* sets all of them: what is not asked about stays as it is */
        int before = fcntl(fd, F_GETFL);
        if (before == -1) {
            fail(call, errno);
            return;
        }
        argument |= before & ~O_NONBLOCK;
    }
    int result = fcntl(fd, command, argument);
    if (result == -1)
        fail(call, errno);
    else if (command == F_GETFL)
        answer_status_flags(call, result);
    else if (command == F_GETFD)
        answer(call, "return", "%s", result & FD_CLOEXEC ? "FD_CLOEXEC" : "0");
    else if (command == F_GET_SEALS)
        answer_flags(call, "return", result, seals);
    else
        answer(call, "return", "%d", result);
}

static void perform_ioctl(struct call *call) {
    static const struct symbol requests[] = {SYMBOL(FIONREAD), {0}};
    int fd = descriptor(call);
    int request = one_of(call, "request", requests);
    int value;
    if (call->outcome != OK)
        return;
    if (ioctl(fd, (unsigned long)request, &value) == -1)
        fail(call, errno);
    else
        answer(call, "value", "%d", value);
}

const struct operation general_operations[] = {
    {"pid", "", perform_pid},
    {"umask", "mask", perform_umask},
    {"setrlimit", "resource rlim_cur", perform_setrlimit},
    {"adopt", "handle fd", perform_adopt},
    {"close", "handle", perform_close},
    {"fcntl", "handle cmd arg", perform_fcntl},
    {"ioctl", "handle request", perform_ioctl},
    {0},
};
