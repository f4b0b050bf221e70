// Words in shared memory that the kernel lets wait for, and processes that can be looked at.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// futex(2), FUTEX_WAIT between processes: sleeps while the word is `expected`. `nanoseconds` is the
/// maximum time; a negative value waits without a limit.
int cipc_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds);

/// futex(2), FUTEX_WAKE between processes: how many were woken.
int cipc_futex_wake(const void *word, int count);

/// madvise(2) with MADV_POPULATE_WRITE, of the pages in which the bytes lie.
int cipc_populate(void *address, size_t length);

/// The inode of a file, by stat(2). It identifies a namespace.
int64_t cipc_inode(const char *path);
