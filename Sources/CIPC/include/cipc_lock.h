// Locks on byte ranges of a file. This shim is necessary because fcntl(2) is variadic, and Swift's import of
// the C library does not include the F_OFD commands for open file description locks.
#pragma once

#include <stdint.h>

/// Mirrors struct flock, with a range relative to the beginning of the file.
struct cipc_record_lock {
    int64_t start;
    /// 0 means all bytes up to the end of the file.
    int64_t length;
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    int32_t type;
    /// The process that holds the lock; -1 for an open file description lock.
    int32_t process;
};

enum { CIPC_SETLK, CIPC_SETLKW, CIPC_GETLK };
enum { CIPC_F_RDLCK = 0, CIPC_F_WRLCK = 1, CIPC_F_UNLCK = 2 };

/// Calls fcntl(2) with F_SETLK, F_SETLKW or F_GETLK, or with the corresponding F_OFD command.
int cipc_record_lock(int descriptor, int command, int of_description, struct cipc_record_lock *lock);
