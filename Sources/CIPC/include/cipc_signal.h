// Signals: declarations that Swift's import of the C library does not include, or that differ between C
// libraries. Each function returns the same result as the C function that it is named after, and sets errno
// in the same way. A set of signals is a 64-bit integer: bit n - 1 is signal n.
#pragma once

#include <signal.h>
#include <stdint.h>

int cipc_sigrtmin(void);
int cipc_sigrtmax(void);
/// A signal's symbolic name without the prefix "SIG", such as "USR1"; NULL for a signal without a name.
const char *cipc_signal_symbol(int number);

sigset_t cipc_sigset(uint64_t signals);
/// Calls pthread_sigmask(3), and stores its error in errno.
int cipc_sigmask(int how, uint64_t signals, uint64_t *previous);
int cipc_sigpending(uint64_t *signals);
/// Calls sigaction(2) with SIG_IGN if `ignore` is not 0; otherwise, with SIG_DFL.
int cipc_set_disposition(int number, int ignore);

int cipc_sigqueue(int process, int number, int value);

/// The common part of siginfo_t and struct signalfd_siginfo. Fields that a signal does not have are 0.
struct cipc_signal_information {
    int32_t number;
    int32_t code;
    int32_t process;
    uint32_t user;
    int32_t value;
    /// Whether `process` and `user` were reported.
    int32_t has_sender;
};
/// Converts the information that a handler with SA_SIGINFO receives. This function is async-signal-safe.
struct cipc_signal_information cipc_signal_information_of(const siginfo_t *information);
/// Calls sigtimedwait(2) with a timeout of `nanoseconds`; a negative value means no limit, as in
/// sigwaitinfo(2).
int cipc_sigtimedwait(uint64_t signals, int64_t nanoseconds, struct cipc_signal_information *information);

enum { CIPC_SI_USER = 0, CIPC_SI_QUEUE = -1, CIPC_SI_TIMER = -2, CIPC_SI_MESGQ = -3, CIPC_SI_TKILL = -6 };
enum { CIPC_SI_KERNEL = 128 };

/// Calls signalfd(2) for a new descriptor, with SFD_CLOEXEC and SFD_NONBLOCK.
int cipc_signalfd(uint64_t signals);
/// Calls signalfd(2) to replace the signals of an existing descriptor.
int cipc_signalfd_replace(int descriptor, uint64_t signals);
/// Reads one signal with read(2).
intptr_t cipc_signalfd_read(int descriptor, struct cipc_signal_information *information);
