/* Descriptors to wait for: eventfd(2), timerfd_create(2), pidfd_open(2). */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
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

static int clock_of(struct call *call) {
    static const struct symbol clocks[] = {
        SYMBOL(CLOCK_MONOTONIC), SYMBOL(CLOCK_REALTIME), SYMBOL(CLOCK_BOOTTIME), {0}};
    return peer_symbol_or(call, "clockid", clocks, CLOCK_MONOTONIC);
}

static void perform_timerfd_create(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    int clock = clock_of(call);
    if (call->outcome == OK)
        register_descriptor(call, handle, timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK));
}

/* Requests give an absolute time relative to the clock's current time. */
static void perform_timerfd_settime(struct call *call) {
    static const struct symbol known[] = {SYMBOL(TFD_TIMER_ABSTIME), {0}};
    int fd = peer_descriptor(call);
    struct itimerspec times = {.it_value = peer_seconds(call, "value")};
    int wanted = peer_flags_or(call, "flags", known, 0), clock = clock_of(call);
    if (wanted & TFD_TIMER_ABSTIME)
        times.it_value = peer_time_after(clock, times.it_value);
    peer_replace_nanoseconds(call, &times.it_value);
    if (peer_has(call, "interval"))
        times.it_interval = peer_seconds(call, "interval");
    if (call->outcome == OK && timerfd_settime(fd, wanted, &times, NULL) == -1)
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
    static const struct symbol known[] = {{"PIDFD_NONBLOCK", O_NONBLOCK}, {0}};
    pid_t pid = (pid_t)peer_number(call, "pid", INT_MIN, INT_MAX);
    unsigned wanted = (unsigned)peer_flags_or(call, "flags", known, 0);
    if (call->outcome == OK)
        register_descriptor(call, handle, pidfd_open(pid, wanted));
}

/* Duplicates another process's descriptor. */
static void perform_pidfd_getfd(struct call *call) {
    int process = peer_descriptor(call);
    const char *duplicate = peer_new_handle(call, "duplicate");
    int target = (int)peer_number(call, "targetfd", INT_MIN, INT_MAX);
    if (call->outcome == OK)
        register_descriptor(call, duplicate, pidfd_getfd(process, target, 0));
}

static void perform_pidfd_send_signal(struct call *call) {
    int fd = peer_descriptor(call), signum = peer_sent_signal(call);
    if (call->outcome == OK && pidfd_send_signal(fd, signum, NULL, 0) == -1)
        peer_fail(call, errno);
}

/* Implements pidfd_getpid(3), which glibc has provided since version 2.39. */
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
    /* If reading failed, the file may still contain the line. */
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

/* Starts a program with handles of this peer as its standard streams. The program inherits no other
 * descriptors, and has the default signal state. */
static void spawn_program(struct call *call) {
    enum { MOST = 8 };
    char *arguments[MOST + 2] = {(char *)peer_text(call, "program")}, *word;
    char *rest = peer_has(call, "args") ? (char *)peer_text(call, "args") : NULL;
    size_t count = 1;
    while ((word = strsep(&rest, ","))) {
        if (count > MOST) {
            peer_invalid_request(call, "at most %d arguments", MOST);
            break;
        }
        arguments[count++] = word;
    }
    int input = peer_has(call, "read") ? peer_descriptor_named(call, peer_text(call, "read")) : -1;
    int output = peer_has(call, "write") ? peer_descriptor_named(call, peer_text(call, "write")) : -1;
    if (call->outcome != OK)
        return;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    pid_t pid;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    if (input != -1)
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (output != -1)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        peer_fail(call, error);
    else
        peer_reply(call, "pid", "%d", pid);
}

/* Starts a child that exits immediately, and stays a zombie until `waitid`. */
static void perform_posix_spawn(struct call *call) {
    if (peer_has(call, "program") && !peer_has(call, "status")) {
        spawn_program(call);
        return;
    }
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
    static const struct symbol codes[] = {SYMBOL(CLD_EXITED),  SYMBOL(CLD_KILLED),    SYMBOL(CLD_DUMPED),
                                          SYMBOL(CLD_STOPPED), SYMBOL(CLD_CONTINUED), {0}};
    static const struct symbol known[] = {SYMBOL(WEXITED), SYMBOL(WSTOPPED), SYMBOL(WCONTINUED),
                                          SYMBOL(WNOHANG), SYMBOL(WNOWAIT),  {0}};
    int fd = peer_descriptor(call);
    int wanted = peer_flags_or(call, "options", known, WEXITED | WNOHANG);
    siginfo_t end = {.si_pid = 0};
    if (call->outcome != OK)
        return;
    if (waitid(P_PIDFD, (id_t)fd, &end, wanted) == -1) {
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
    {"timerfd_create", "handle clockid", perform_timerfd_create},
    {"timerfd_settime", "handle value interval flags clockid tv_nsec", perform_timerfd_settime},
    {"timerfd_gettime", "handle", perform_timerfd_gettime},
    {"timerfd_read", "handle timeout", perform_timerfd_read},
    {"pidfd_open", "handle pid flags", perform_pidfd_open},
    {"pidfd_getfd", "handle targetfd duplicate", perform_pidfd_getfd},
    {"pidfd_send_signal", "handle signum", perform_pidfd_send_signal},
    {"pidfd_getpid", "handle", perform_pidfd_getpid},
    {"posix_spawn", "status program args read write", perform_posix_spawn},
    {"waitid", "handle options", perform_waitid},
    {0},
};
