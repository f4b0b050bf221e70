#include "warden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Reads a file of /proc whole; its text is NUL-terminated. -1 when it cannot be read.
static ssize_t slurp(long long pid, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/%s", pid, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor == -1)
        return -1;
    ssize_t length = read(descriptor, text, size - 1);
    close(descriptor);
    if (length >= 0)
        text[length] = '\0';
    return length;
}

/// Whether no thread of a process will run any of its code again. It may be seen for a while after its
/// streams have ended, until its parent has collected it.
bool is_ending(long long pid) {
    const unsigned long exiting = 4; // PF_EXITING, of linux/sched.h
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%lld/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return errno == ENOENT;
    bool ending = true;
    for (struct dirent *entry; ending && (entry = readdir(threads)) != NULL;) {
        if (atoi(entry->d_name) == 0)
            continue;
        snprintf(path, sizeof path, "task/%.20s/stat", entry->d_name);
        if (slurp(pid, path, text, sizeof text) == -1) {
            ending = errno == ENOENT || errno == ESRCH;
            continue;
        }
        const char *name_end = strrchr(text, ')');
        unsigned long flags = 0;
        ending = name_end != NULL && sscanf(name_end, ") %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 &&
                 (flags & exiting) != 0;
    }
    closedir(threads);
    return ending;
}

/// The system calls in which a peer may sleep, so that people and scenarios read names. Any other is given by
/// number.
static const char *system_call_name(long number) {
    switch (number) {
    case SYS_read: return "read";
    case SYS_write: return "write";
    case SYS_pwritev2: return "pwritev2";
#ifdef SYS_open
    case SYS_open: return "open";
#endif
    case SYS_openat: return "openat";
#ifdef SYS_poll
    case SYS_poll: return "poll";
#endif
    case SYS_ppoll: return "ppoll";
    case SYS_readv: return "readv";
    case SYS_writev: return "writev";
    case SYS_futex: return "futex";
#ifdef SYS_futex_waitv
    case SYS_futex_waitv: return "futex_waitv";
#endif
    case SYS_mq_timedsend: return "mq_timedsend";
    case SYS_mq_timedreceive: return "mq_timedreceive";
    case SYS_semop: return "semop";
    case SYS_semtimedop: return "semtimedop";
    case SYS_msgsnd: return "msgsnd";
    case SYS_msgrcv: return "msgrcv";
    case SYS_accept: return "accept";
    case SYS_accept4: return "accept4";
    case SYS_connect: return "connect";
    case SYS_recvfrom: return "recvfrom";
    case SYS_recvmsg: return "recvmsg";
    case SYS_sendto: return "sendto";
    case SYS_sendmsg: return "sendmsg";
    case SYS_epoll_pwait: return "epoll_pwait";
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2: return "epoll_pwait2";
#endif
#ifdef SYS_epoll_wait
    case SYS_epoll_wait: return "epoll_wait";
#endif
    case SYS_fcntl: return "fcntl";
    case SYS_wait4: return "wait4";
    case SYS_waitid: return "waitid";
    case SYS_rt_sigtimedwait: return "rt_sigtimedwait";
    case SYS_rt_sigsuspend: return "rt_sigsuspend";
    case SYS_clock_nanosleep: return "clock_nanosleep";
    case SYS_nanosleep: return "nanosleep";
    default: return NULL;
    }
}

static unsigned long long status_mask(const char *status, const char *name) {
    const char *line = strstr(status, name);
    return line != NULL ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/// What a process is doing: its state, the system call that it is in with its first argument, whether a
/// signal is on its way to it, who traces it, and on request what the kernel's stack shows.
void look(const char *line) {
    long long pid = number_field(line, "pid", -1);
    char status[8192], call[256], later[256], stack[8192], wchan[128];
    if (slurp(pid, "syscall", call, sizeof call) == -1)
        strcpy(call, errno == ENOENT || errno == ESRCH ? "gone" : "unreadable");
    if (slurp(pid, "status", status, sizeof status) == -1) {
        say_failure("open", "/proc/PID/status");
        return;
    }
    // Two files are two moments: the state is that of the call only if the process is in it before and after.
    if (slurp(pid, "syscall", later, sizeof later) > 0 && strcmp(call, later) != 0)
        strcpy(call, "running");
    // At the begin of a line: a process names itself, in the first, as it likes.
    const char *state = strstr(status, "\nState:\t");
    unsigned long long pending = status_mask(status, "\nSigPnd:\t") | status_mask(status, "\nShdPnd:\t");
    char letter[2] = {state != NULL ? state[8] : '?', '\0'};
    char *rest = call;
    long number = strtol(call, &rest, 10);
    const char *name = rest == call ? NULL : system_call_name(number);

    say("ok");
    say_text("state", letter);
    if (rest == call) {
        call[strcspn(call, "\n")] = '\0';
        say_text("syscall", call); // "running", or why there is none to tell
    } else if (name != NULL) {
        say_text("syscall", name);
    } else {
        say_number("syscall", number);
    }
    say_number("arg0", rest == call ? -1 : (long long)strtoull(rest, NULL, 16));
    const char *tracer = strstr(status, "\nTracerPid:\t");
    say_number("tracer", tracer != NULL ? atoi(tracer + strlen("\nTracerPid:\t")) : 0);
    say_text("pending", (pending & ~status_mask(status, "\nSigBlk:\t")) != 0 ? "yes" : "no");
    if (number_field(line, "stack", 0) != 0) {
        if (slurp(pid, "wchan", wchan, sizeof wchan) > 0)
            say_text("wchan", wchan);
        if (slurp(pid, "stack", stack, sizeof stack) > 0)
            say_text("stack", stack);
    }
    say_end();
}

void list_descriptors(const char *line) {
    char path[PATH_MAX], target[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%lld/fd", number_field(line, "pid", -1));
    DIR *directory = opendir(path);
    if (directory == NULL) {
        say_failure("opendir", path);
        return;
    }
    say("ok");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        say_list_item("%s %s", entry->d_name, target);
    }
    closedir(directory);
    say_list("list");
    say_end();
}

/// Takes a duplicate of a peer's descriptor, so that another peer can inherit it as a child does.
void take_descriptor(const char *line) {
    int process = (int)syscall(SYS_pidfd_open, (pid_t)number_field(line, "pid", -1), 0);
    if (process == -1) {
        say_failure("pidfd_open", "the peer");
        return;
    }
    // As the peer told it: what is no descriptor must not become one by being cut to an int.
    const long long number = number_field(line, "fd", -1);
    int descriptor = (int)syscall(SYS_pidfd_getfd, process, number == (int)number ? (int)number : -1, 0);
    int reason = errno;
    close(process);
    errno = reason;
    if (descriptor == -1) {
        say_failure("pidfd_getfd", "the peer's descriptor");
        return;
    }
    say("ok");
    say_number("fd", descriptor);
    say_end();
}
