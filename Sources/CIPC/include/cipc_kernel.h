// What every mechanism needs and Swift's import of glibc does not show.
#pragma once
#include <stdint.h>

/// The symbol of an error number, such as "EAGAIN"; NULL for a number that is none.
const char *cipc_errno_symbol(int number);

/// ppoll(2) of one descriptor. `nanoseconds` is how long to wait at most; negative: for ever.
int cipc_ppoll(int descriptor, short events, short *revents, int64_t nanoseconds);
