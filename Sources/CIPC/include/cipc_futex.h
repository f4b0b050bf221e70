// Functions that wait for words in shared memory, populate pages, or identify namespaces.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Calls futex(2) with FUTEX_WAIT for a word shared between processes: sleeps while the word is `expected`.
/// `nanoseconds` is the maximum time; a negative value means no limit.
int cipc_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds);

/// Calls futex(2) with FUTEX_WAKE for a word shared between processes. Returns the number of woken threads.
int cipc_futex_wake(const void *word, int count);

/// Calls madvise(2) with MADV_POPULATE_WRITE for the pages that contain the bytes.
int cipc_populate(void *address, size_t length);

/// Calls stat(2) to get a file's inode number, which can identify a namespace.
int64_t cipc_inode(const char *path);
