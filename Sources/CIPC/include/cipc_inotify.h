// Functions for inotify(7), which reports changes to files and directories. Swift does not import it. Each
// function returns the same result as the C function that it is named after, and sets errno in the same way.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Calls inotify_init1(2) with IN_CLOEXEC.
int cipc_inotify(int nonblocking);
int cipc_inotify_add_watch(int descriptor, const char *path, uint32_t mask);
int cipc_inotify_rm_watch(int descriptor, int watch);
/// Calls read(2).
intptr_t cipc_inotify_read(int descriptor, void *bytes, size_t count);

/// The fixed part of struct inotify_event. The name follows, padded with NULs to `length` bytes.
struct cipc_inotify_event {
    int watch;
    uint32_t mask, cookie, length;
};
