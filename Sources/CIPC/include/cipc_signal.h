// Signals: SIGRTMIN is a call, siginfo_t has its fields in unions, sigwaitinfo's timeout may be missing, and
// <sys/signalfd.h> is not imported. Each function returns what its namesake returns, and leaves errno as it
// does. A set is a word, in which bit n - 1 is signal n.
#pragma once

#include <stdint.h>

int cipc_sigrtmin(void);
int cipc_sigrtmax(void);
/// The symbol of a signal without its "SIG", such as "USR1"; NULL for one that has none.
const char *cipc_signal_symbol(int number);

/// pthread_sigmask(3), whose error comes by errno as well.
int cipc_sigmask(int how, uint64_t signals, uint64_t *previous);
int cipc_sigpending(uint64_t *signals);

int cipc_sigqueue(int process, int number, int value);

/// What comes with a signal: the same of siginfo_t and of struct signalfd_siginfo. What it has not is 0.
struct cipc_signal_information {
    int32_t number;
    int32_t code;
    int32_t process;
    uint32_t user;
    int32_t value;
};
/// sigtimedwait(2). `nanoseconds` is how long to wait at most; negative: for ever, as sigwaitinfo(2) does.
int cipc_sigtimedwait(uint64_t signals, int64_t nanoseconds, struct cipc_signal_information *information);

enum { CIPC_SI_USER = 0, CIPC_SI_QUEUE = -1, CIPC_SI_TIMER = -2, CIPC_SI_MESGQ = -3, CIPC_SI_TKILL = -6 };
enum { CIPC_SI_KERNEL = 128 };

/// signalfd(2), a new descriptor, with SFD_CLOEXEC and SFD_NONBLOCK.
int cipc_signalfd(uint64_t signals);
/// read(2) of one signal.
intptr_t cipc_signalfd_read(int descriptor, struct cipc_signal_information *information);
