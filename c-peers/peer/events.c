/* Descriptors to wait for: eventfd(2), timerfd_create(2), pidfd_open(2). */
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#if __has_include(<sys/pidfd.h>)
#include <sys/pidfd.h>
#endif
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void register_descriptor(struct call *call, const char *handle, int fd) {
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

static void perform_eventfd(struct call *call) {
    static const struct symbol known[] = {SYMBOL(EFD_SEMAPHORE), SYMBOL(EFD_NONBLOCK), {0}};
    const char *handle = peer_new_handle(call, "handle");
    unsigned int initial = (unsigned int)peer_number_or(call, "initval", 0, UINT_MAX, 0);
    int wanted = peer_flags_or(call, "flags", known, 0);
    if (call->outcome == OK)
        register_descriptor(call, handle, eventfd(initial, wanted | EFD_CLOEXEC));
}

/* With a timeout, poll(2) waits before the call. No other process reads the descriptor, so the call then
 * does not block. */
static bool is_readable(struct call *call, int fd, bool retry) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    if (!peer_has(call, "timeout"))
        return call->outcome == OK;
    struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, peer_seconds(call, "timeout")), left;
    if (call->outcome != OK)
        return false;
    int ready;
    do {
        left = peer_time_left(deadline);
        ready = ppoll(&entry, 1, &left, NULL);
    } while (ready == -1 && errno == EINTR && retry);
    if (ready == -1)
        peer_fail_in(call, "ppoll", errno);
    else if (ready == 0)
        peer_fail(call, ETIMEDOUT);
    return ready > 0;
}

/* Reads the 8-byte number of an eventfd or timerfd. */
static void read_number(struct call *call, const char *key) {
    int fd = peer_descriptor(call);
    bool retry = peer_retries(call);
    uint64_t value;
    ssize_t length;
    if (!is_readable(call, fd, retry))
        return;
    do
        length = read(fd, &value, sizeof value);
    while (length == -1 && errno == EINTR && retry);
    if (length == -1)
        peer_fail_in(call, "read", errno);
    else
        peer_reply(call, key, "%llu", (unsigned long long)value);
}

static void perform_eventfd_read(struct call *call) {
    read_number(call, "value");
}

static void perform_eventfd_write(struct call *call) {
    int fd = peer_descriptor(call);
    uint64_t value = peer_seed(call, "value");
    bool retry = peer_retries(call);
    ssize_t length;
    if (call->outcome != OK)
        return;
    do
        length = write(fd, &value, sizeof value);
    while (length == -1 && errno == EINTR && retry);
    if (length == -1)
        peer_fail_in(call, "write", errno);
}

static void perform_timerfd_create(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    if (call->outcome == OK)
        register_descriptor(call, handle, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

static void perform_timerfd_settime(struct call *call) {
    int fd = peer_descriptor(call);
    struct itimerspec times = {.it_value = peer_seconds(call, "value")};
    if (peer_has(call, "interval"))
        times.it_interval = peer_seconds(call, "interval");
    if (call->outcome == OK && timerfd_settime(fd, 0, &times, NULL) == -1)
        peer_fail(call, errno);
}

static void perform_timerfd_gettime(struct call *call) {
    int fd = peer_descriptor(call);
    struct itimerspec times;
    if (call->outcome != OK)
        return;
    if (timerfd_gettime(fd, &times) == -1) {
        peer_fail(call, errno);
        return;
    }
    bool armed = times.it_value.tv_sec != 0 || times.it_value.tv_nsec != 0;
    peer_reply(call, "armed", "%s", armed ? "yes" : "no");
    peer_reply(call, "interval", "%lld.%09ld", (long long)times.it_interval.tv_sec,
               times.it_interval.tv_nsec);
}

static void perform_timerfd_read(struct call *call) {
    read_number(call, "expirations");
}

static void perform_pidfd_open(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    pid_t pid = (pid_t)peer_number(call, "pid", 1, INT_MAX);
    if (call->outcome == OK)
        register_descriptor(call, handle, pidfd_open(pid, 0));
}

static void perform_pidfd_send_signal(struct call *call) {
    int fd = peer_descriptor(call), signum = peer_signal(call, "signum");
    if (call->outcome == OK && pidfd_send_signal(fd, signum, NULL, 0) == -1)
        peer_fail(call, errno);
}

/* Implements pidfd_getpid(3), which glibc has only since 2.39. */
static void perform_pidfd_getpid(struct call *call) {
    char path[64], line[256];
    int fd = peer_descriptor(call), pid = 0;
    if (call->outcome != OK)
        return;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(path, "re");
    if (!file) {
        peer_fail_in(call, "fopen", errno);
        return;
    }
    bool found = false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "Pid: %d", &pid) == 1;
    /* If reading fails, the line may exist nevertheless. */
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error != 0)
        peer_fail_in(call, "read", error);
    else if (!found)
        peer_fail(call, EBADF);
    else if (pid <= 0)
        peer_fail(call, pid == 0 ? EREMOTE : ESRCH);
    else
        peer_reply(call, "pid", "%d", pid);
}

/* Starts a child that exits immediately, and stays a zombie until `waitid`. */
static void perform_posix_spawn(struct call *call) {
    int status = (int)peer_number(call, "status", 0, 255);
    char script[32];
    char *arguments[] = {"sh", "-c", script, NULL};
    pid_t pid;
    if (call->outcome != OK)
        return;
    snprintf(script, sizeof script, "exit %d", status);
    int error = posix_spawnp(&pid, "sh", NULL, NULL, arguments, environ);
    if (error != 0)
        peer_fail(call, error);
    else
        peer_reply(call, "pid", "%d", pid);
}

static void perform_waitid(struct call *call) {
    static const struct symbol codes[] = {SYMBOL(CLD_EXITED), SYMBOL(CLD_KILLED), SYMBOL(CLD_DUMPED), {0}};
    int fd = peer_descriptor(call);
    siginfo_t end = {.si_pid = 0};
    if (call->outcome != OK)
        return;
    if (waitid(P_PIDFD, (id_t)fd, &end, WEXITED | WNOHANG) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_reply(call, "si_pid", "%d", end.si_pid);
    if (end.si_pid == 0)
        return;
    peer_reply(call, "si_code", "%s", peer_symbol_name(end.si_code, codes) ?: "?");
    peer_reply(call, "si_status", "%d", end.si_status);
}

const struct operation peer_event_operations[] = {
    {"eventfd", "handle initval flags", perform_eventfd},
    {"eventfd_read", "handle timeout eintr", perform_eventfd_read},
    {"eventfd_write", "handle value eintr", perform_eventfd_write},
    {"timerfd_create", "handle", perform_timerfd_create},
    {"timerfd_settime", "handle value interval", perform_timerfd_settime},
    {"timerfd_gettime", "handle", perform_timerfd_gettime},
    {"timerfd_read", "handle timeout", perform_timerfd_read},
    {"pidfd_open", "handle pid", perform_pidfd_open},
    {"pidfd_send_signal", "handle signum", perform_pidfd_send_signal},
    {"pidfd_getpid", "handle", perform_pidfd_getpid},
    {"posix_spawn", "status", perform_posix_spawn},
    {"waitid", "handle", perform_waitid},
    {0},
};
