/* Signals: what interrupts a call, and what tells of a message. */
#include "peer.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A handler can reach nothing but what is static. */
static volatile sig_atomic_t counts[NSIG];

static void count(int signum) {
    counts[signum]++;
}

/* By its symbol, or by its number: real-time signals have no symbols. */
int signal_number(struct call *call, const char *key) {
    const char *value = text(call, key);
    for (int signum = 1; signum < NSIG; signum++) {
        const char *name = sigabbrev_np(signum);
        if (name && strncmp(value, "SIG", 3) == 0 && strcmp(value + 3, name) == 0)
            return signum;
    }
    if (!isdigit((unsigned char)*value)) {
        refuse(call, "there is no signal %.64s", value);
        return 0;
    }
    return (int)number(call, key, 1, NSIG - 1);
}

static void perform_sigaction(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SA_RESTART), {0}};
    int signum = signal_number(call, "signum");
    struct sigaction action = {.sa_handler = count, .sa_flags = flags_or(call, "sa_flags", known, 0)};
    if (call->outcome != OK)
        return;
    sigemptyset(&action.sa_mask);
    if (sigaction(signum, &action, NULL) == -1)
        fail(call, errno);
}

static void perform_sigcount(struct call *call) {
    int signum = signal_number(call, "signum");
    if (call->outcome == OK)
        answer(call, "count", "%d", (int)counts[signum]);
}

static sigset_t set_of(int signum) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signum);
    return set;
}

static void perform_sigprocmask(struct call *call) {
    static const struct symbol ways[] = {SYMBOL(SIG_BLOCK), SYMBOL(SIG_UNBLOCK), {0}};
    int how = one_of(call, "how", ways);
    int signum = signal_number(call, "signum");
    if (call->outcome != OK)
        return;
    sigset_t set = set_of(signum);
    if (sigprocmask(how, &set, NULL) == -1)
        fail(call, errno);
}

static void answer_signal_name(struct call *call, int signum) {
    const char *name = sigabbrev_np(signum);
    if (name)
        answer(call, "signum", "SIG%s", name);
    else
        answer(call, "signum", "%d", signum);
}

static void perform_sigtimedwait(struct call *call) {
    static const struct symbol codes[] = {SYMBOL(SI_USER),
                                          SYMBOL(SI_QUEUE),
                                          SYMBOL(SI_MESGQ),
                                          SYMBOL(SI_TKILL),
                                          SYMBOL(SI_TIMER),
                                          SYMBOL(SI_KERNEL),
                                          {0}};
    int signum = signal_number(call, "signum");
    struct timespec timeout = seconds(call, "timeout");
    siginfo_t info;
    if (call->outcome != OK)
        return;
    sigset_t set = set_of(signum);
    if (sigtimedwait(&set, &info, &timeout) == -1) {
        fail(call, errno);
        return;
    }
    answer_signal_name(call, info.si_signo);
    const char *code = symbol_name(info.si_code, codes);
    if (code)
        answer(call, "si_code", "%s", code);
    else
        answer(call, "si_code", "%d", info.si_code);
    answer(call, "si_pid", "%d", info.si_pid);
    answer(call, "si_uid", "%u", info.si_uid);
    answer(call, "si_value", "%d", info.si_value.sival_int);
}

const struct operation signal_operations[] = {
    {"sigaction", "signum sa_flags", perform_sigaction},
    {"sigcount", "signum", perform_sigcount},
    {"sigprocmask", "how signum", perform_sigprocmask},
    {"sigtimedwait", "signum timeout", perform_sigtimedwait},
    {0},
};
