/* Signals that interrupt calls, notify, or carry messages. */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

/* A handler can access only static objects. */
static volatile sig_atomic_t counts[NSIG];

static siginfo_t latest[NSIG]; /* the latest information that a handler with SA_SIGINFO received */

static void count(int signum) {
    counts[signum]++;
}

static void count_and_keep(int signum, siginfo_t *information, void *context) {
    (void)context;
    counts[signum]++;
    latest[signum] = *information;
}

/* Parses a symbolic name or a number: real-time signals have no symbolic names. */
static int signal_within(struct call *call, const char *value, int least, int most) {
    const char *wrong = NULL;
    for (int signum = 1; signum < NSIG; signum++) {
        const char *name = sigabbrev_np(signum);
        if (name && strncmp(value, "SIG", 3) == 0 && strcmp(value + 3, name) == 0)
            return signum;
    }
    int signum = (int)peer_parse_number(value, least, most, &wrong);
    if (wrong)
        peer_invalid_request(call, "there is no signal %.64s", value);
    return signum;
}

/* The C library reserves some signals, which fail with EINVAL. */
static int signal_of(struct call *call, const char *value) {
    int signum = signal_within(call, value, 1, NSIG - 1);
    sigset_t set;
    sigemptyset(&set);
    if (call->outcome == OK && sigaddset(&set, signum) == -1)
        peer_fail(call, errno);
    return signum;
}

/* Reads a signal to send: 0 sends no signal, and the kernel rejects other invalid numbers. */
int peer_sent_signal(struct call *call) {
    return signal_within(call, peer_text(call, "signum"), INT32_MIN, INT32_MAX);
}

int peer_signal(struct call *call, const char *key) {
    return signal_of(call, peer_text(call, key));
}

static void perform_sigaction(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SA_RESTART), SYMBOL(SA_SIGINFO), {0}};
    static const struct symbol dispositions[] = {{"SIG_DFL", 0}, {"SIG_IGN", 1}, {0}};
    int signum = peer_signal(call, "signum");
    struct sigaction action = {.sa_handler = count, .sa_flags = peer_flags_or(call, "sa_flags", known, 0)};
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction = count_and_keep;
    if (peer_has(call, "sa_handler")) {
        action.sa_handler = peer_symbol(call, "sa_handler", dispositions) ? SIG_IGN : SIG_DFL;
        if (action.sa_flags)
            peer_invalid_request(call, "sa_flags are those of a handler");
    }
    if (call->outcome != OK)
        return;
    sigemptyset(&action.sa_mask);
    if (sigaction(signum, &action, NULL) == -1)
        peer_fail(call, errno);
}

static void perform_sigcount(struct call *call) {
    int signum = peer_signal(call, "signum");
    if (call->outcome == OK)
        peer_reply(call, "count", "%d", (int)counts[signum]);
}

static void perform_setitimer(struct call *call) {
    const struct timespec interval = peer_seconds(call, "interval");
    const struct timeval time = {interval.tv_sec, interval.tv_nsec / 1000};
    if (call->outcome == OK && setitimer(ITIMER_REAL, &(struct itimerval){time, time}, NULL) == -1)
        peer_fail(call, errno);
}

/* Reads one or more signals, separated by `|`, or 0 for none. */
sigset_t peer_signal_set(struct call *call, const char *key) {
    char *list = (char *)peer_text(call, key), *word;
    sigset_t set;
    sigemptyset(&set);
    if (strcmp(list, "0") == 0)
        return set;
    while ((word = strsep(&list, "|")))
        sigaddset(&set, signal_of(call, word));
    return set;
}

static sigset_t signal_set(struct call *call) {
    return peer_signal_set(call, "signum");
}

static void perform_sigprocmask(struct call *call) {
    static const struct symbol ways[] = {SYMBOL(SIG_BLOCK), SYMBOL(SIG_UNBLOCK), SYMBOL(SIG_SETMASK), {0}};
    int how = peer_symbol(call, "how", ways);
    sigset_t set = signal_set(call);
    if (call->outcome != OK)
        return;
    if (sigprocmask(how, &set, NULL) == -1)
        peer_fail(call, errno);
}

static void spell_signal(char *text, size_t size, int signum) {
    const char *name = sigabbrev_np(signum);
    if (name)
        snprintf(text, size, "SIG%s", name);
    else
        snprintf(text, size, "%d", signum);
}

static void perform_sigpending(struct call *call) {
    sigset_t set;
    char list[1024] = "0", name[32];
    if (sigpending(&set) == -1) {
        peer_fail(call, errno);
        return;
    }
    for (int signum = 1; signum < NSIG; signum++) {
        if (sigismember(&set, signum) != 1)
            continue;
        spell_signal(name, sizeof name, signum);
        if (strcmp(list, "0") == 0)
            *list = '\0';
        else
            strlcat(list, "|", sizeof list);
        strlcat(list, name, sizeof list);
    }
    peer_reply(call, "pending", "%s", list);
}

/* The fields of siginfo_t are unions, and si_code determines which fields are valid: see sigaction(2). Fields
 * that are not valid are reported as 0. */
static void reply_signal(struct call *call, int signum, int code, pid_t pid, uid_t uid, int value) {
    static const struct symbol codes[] = {SYMBOL(SI_USER),
                                          SYMBOL(SI_QUEUE),
                                          SYMBOL(SI_MESGQ),
                                          SYMBOL(SI_TKILL),
                                          SYMBOL(SI_TIMER),
                                          SYMBOL(SI_KERNEL),
                                          {0}};
    const bool has_value = code == SI_QUEUE || code == SI_MESGQ || code == SI_TIMER;
    const bool is_sent = code == SI_USER || code == SI_TKILL || code == SI_QUEUE || code == SI_MESGQ;
    const bool is_child = signum == SIGCHLD && code >= CLD_EXITED && code <= CLD_CONTINUED;
    const char *known = peer_symbol_name(code, codes);
    char name[32];
    spell_signal(name, sizeof name, signum);
    peer_reply(call, "signum", "%s", name);
    if (known)
        peer_reply(call, "si_code", "%s", known);
    else
        peer_reply(call, "si_code", "%d", code);
    peer_reply(call, "si_pid", "%d", is_sent || is_child ? pid : 0);
    peer_reply(call, "si_uid", "%u", is_sent || is_child ? uid : 0);
    peer_reply(call, "si_value", "%d", has_value ? value : 0);
}

static void reply_information(struct call *call, const siginfo_t *info) {
    reply_signal(call, info->si_signo, info->si_code, info->si_pid, info->si_uid, info->si_value.sival_int);
}

static void perform_siginfo(struct call *call) {
    int signum = peer_signal(call, "signum");
    if (call->outcome != OK)
        return;
    if (latest[signum].si_signo == 0)
        peer_invalid_request(call, "no handler with SA_SIGINFO ran for this signal");
    else
        reply_information(call, &latest[signum]);
}

static void perform_sigtimedwait(struct call *call) {
    sigset_t set = signal_set(call);
    const bool limited = peer_has(call, "timeout");
    struct timespec timeout = limited ? peer_seconds(call, "timeout") : (struct timespec){0};
    bool retry = peer_retries(call);
    siginfo_t info;
    if (call->outcome != OK)
        return;
    /* The first call gets the timeout unchanged: a negative timeout is an error. */
    struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    int signum;
    while ((signum = limited ? sigtimedwait(&set, &info, &timeout) : sigwaitinfo(&set, &info)) == -1 &&
           errno == EINTR && retry)
        timeout = peer_time_left(deadline);
    if (signum == -1)
        peer_fail(call, errno);
    else
        reply_information(call, &info);
}

/* Waits for `count` signals, and counts the values that are not the previous value plus one. The first
 * value must be 0. */
static void perform_sigtimedwait_all(struct call *call) {
    sigset_t set = signal_set(call);
    long long count = peer_number(call, "count", 0, INT32_MAX), received = 0, disordered = 0;
    struct timespec timeout = peer_seconds(call, "timeout");
    siginfo_t info;
    if (call->outcome != OK)
        return;
    for (int expected = 0; received < count; received++, expected = info.si_value.sival_int + 1) {
        if (sigtimedwait(&set, &info, &timeout) == -1) {
            peer_fail_in(call, "sigtimedwait", errno);
            break;
        }
        disordered += info.si_value.sival_int != expected;
    }
    peer_reply(call, "received", "%lld", received);
    peer_reply(call, "disordered", "%lld", disordered);
}

/* Reads the id of a single process. 0 and negative numbers mean a process group or all processes. */
static pid_t process(struct call *call) {
    return (pid_t)peer_number(call, "pid", 1, INT32_MAX);
}

/* -1 would signal every process of the user. */
static void perform_kill(struct call *call) {
    pid_t pid = (pid_t)peer_number(call, "pid", INT32_MIN, INT32_MAX);
    if (pid == -1)
        peer_invalid_request(call, "pid=-1 means every process");
    int signum = peer_sent_signal(call);
    if (call->outcome == OK && kill(pid, signum) == -1)
        peer_fail(call, errno);
}

static void perform_killpg(struct call *call) {
    pid_t group = (pid_t)peer_number(call, "pgrp", INT32_MIN, INT32_MAX);
    int signum = peer_sent_signal(call);
    if (group == 1)
        peer_invalid_request(call, "pgrp=1 means every process");
    if (call->outcome == OK && killpg(group, signum) == -1)
        peer_fail(call, errno);
}

static void perform_sigqueue(struct call *call) {
    pid_t pid = process(call);
    int signum = peer_sent_signal(call);
    union sigval value = {.sival_int = (int)peer_number(call, "si_value", INT32_MIN, INT32_MAX)};
    if (call->outcome == OK && sigqueue(pid, signum, value) == -1)
        peer_fail(call, errno);
}

/* Sends `count` signals with the values 0, 1, 2 and so on. */
static void perform_sigqueue_all(struct call *call) {
    pid_t pid = process(call);
    int signum = peer_sent_signal(call);
    int count = (int)peer_number(call, "count", 0, INT32_MAX), sent = 0;
    if (call->outcome != OK)
        return;
    for (; sent < count; sent++)
        if (sigqueue(pid, signum, (union sigval){.sival_int = sent}) == -1) {
            peer_fail_in(call, "sigqueue", errno);
            break;
        }
    peer_reply(call, "return", "%d", sent);
}

/* Responds with only the signal: sigwait(3) returns no siginfo_t. */
static void perform_sigwait(struct call *call) {
    sigset_t set = signal_set(call);
    char name[32];
    int signum;
    if (call->outcome != OK)
        return;
    int error = sigwait(&set, &signum);
    if (error != 0) {
        peer_fail(call, error);
        return;
    }
    spell_signal(name, sizeof name, signum);
    peer_reply(call, "signum", "%s", name);
}

/* Replaces an existing descriptor's signals. */
static void replace_signals(struct call *call) {
    int fd = peer_descriptor(call);
    sigset_t set = signal_set(call);
    if (strcmp(peer_text(call, "replace"), "yes") != 0 || peer_has(call, "flags"))
        peer_invalid_request(call, "replace must be 'yes', without flags");
    if (call->outcome == OK && signalfd(fd, &set, 0) == -1)
        peer_fail(call, errno);
}

static void perform_signalfd(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SFD_NONBLOCK), {0}};
    if (peer_has(call, "replace")) {
        replace_signals(call);
        return;
    }
    const char *handle = peer_new_handle(call, "handle");
    sigset_t set = signal_set(call);
    int wanted = peer_flags_or(call, "flags", known, 0);
    if (call->outcome != OK)
        return;
    int fd = signalfd(-1, &set, wanted | SFD_CLOEXEC);
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

/* Each signal is one structure. With a timeout, poll(2) waits. No other process reads this descriptor, so
 * the read then does not block. */
static void perform_signalfd_read(struct call *call) {
    struct pollfd entry = {.fd = peer_descriptor(call), .events = POLLIN};
    bool timed = peer_has(call, "timeout");
    struct timespec timeout = timed ? peer_seconds(call, "timeout") : (struct timespec){0};
    bool retry = peer_retries(call);
    struct signalfd_siginfo info;
    if (call->outcome != OK)
        return;
    struct timespec deadline = peer_time_after(CLOCK_MONOTONIC, timeout);
    int ready;
    do {
        timeout = peer_time_left(deadline);
        ready = timed ? ppoll(&entry, 1, &timeout, NULL) : 1;
    } while (ready == -1 && errno == EINTR && retry);
    ssize_t length = -1;
    if (ready == 1)
        do
            length = read(entry.fd, &info, sizeof info);
        while (length == -1 && errno == EINTR && retry);
    if (ready == 0) {
        peer_fail(call, ETIMEDOUT);
        return;
    }
    if (ready == -1)
        peer_fail_in(call, "poll", errno);
    else if (length == -1)
        peer_fail_in(call, "read", errno);
    else
        reply_signal(call, (int)info.ssi_signo, info.ssi_code, (pid_t)info.ssi_pid, info.ssi_uid,
                     info.ssi_int);
}

const struct operation peer_signal_operations[] = {
    {"sigaction", "signum sa_flags sa_handler", perform_sigaction},
    {"siginfo", "signum", perform_siginfo},
    {"sigcount", "signum", perform_sigcount},
    {"setitimer", "interval", perform_setitimer},
    {"sigprocmask", "how signum", perform_sigprocmask},
    {"sigpending", "", perform_sigpending},
    {"sigtimedwait", "signum timeout eintr", perform_sigtimedwait},
    {"sigtimedwait_all", "signum count timeout", perform_sigtimedwait_all},
    {"sigwait", "signum", perform_sigwait},
    {"kill", "pid signum", perform_kill},
    {"killpg", "pgrp signum", perform_killpg},
    {"sigqueue", "pid signum si_value", perform_sigqueue},
    {"sigqueue_all", "pid signum count", perform_sigqueue_all},
    {"signalfd", "handle signum flags replace", perform_signalfd},
    {"signalfd_read", "handle timeout eintr", perform_signalfd_read},
    {0},
};
