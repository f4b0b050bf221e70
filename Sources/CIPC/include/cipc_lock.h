// Locks on ranges of bytes of a file: fcntl(2) is variadic, and Swift's import of the C library does not show
// the commands of open file descriptions.
#pragma once

#include <stdint.h>

/// struct flock, with a range from the beginning of the file.
struct cipc_record_lock {
    int64_t start;
    /// 0 means to the end of the file.
    int64_t length;
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    int32_t type;
    /// The process that has the lock; -1 for a lock of an open file description.
    int32_t process;
};

enum { CIPC_SETLK, CIPC_SETLKW, CIPC_GETLK };
enum { CIPC_F_RDLCK = 0, CIPC_F_WRLCK = 1, CIPC_F_UNLCK = 2 };

/// fcntl(2) with F_SETLK, F_SETLKW or F_GETLK, or with the F_OFD command of the same name.
int cipc_record_lock(int descriptor, int command, int of_description, struct cipc_record_lock *lock);
