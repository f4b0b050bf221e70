// Functions that all mechanisms need, and that Swift's import of glibc does not include.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The symbolic name of an error number, such as "EAGAIN"; NULL if the number is unknown.
const char *cipc_errno_symbol(int number);

/// Mirrors struct pollfd.
struct cipc_pollfd {
    int32_t descriptor;
    int16_t events;
    int16_t revents;
};
enum { CIPC_POLLRDHUP = 0x2000 };
/// Calls ppoll(2). `nanoseconds` is the maximum wait; a negative value means no limit.
int cipc_ppoll(struct cipc_pollfd *entries, size_t count, int64_t nanoseconds);
/// Calls ppoll(2) with a signal mask for the duration of the wait. Bit n - 1 of `mask` is signal n.
int cipc_ppoll_masked(struct cipc_pollfd *entries, size_t count, int64_t nanoseconds, uint64_t mask);

/// The current CLOCK_MONOTONIC and CLOCK_REALTIME times in nanoseconds.
int64_t cipc_clock_monotonic(void);
int64_t cipc_clock_realtime(void);

enum { CIPC_EOWNERDEAD = 130 };
