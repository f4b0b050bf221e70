#include "cipc_inotify.h"

#include <sys/inotify.h>
#include <unistd.h>

_Static_assert(sizeof(struct cipc_inotify_event) == sizeof(struct inotify_event) &&
                   offsetof(struct cipc_inotify_event, mask) == offsetof(struct inotify_event, mask) &&
                   offsetof(struct cipc_inotify_event, cookie) == offsetof(struct inotify_event, cookie) &&
                   offsetof(struct cipc_inotify_event, length) == offsetof(struct inotify_event, len),
               "struct inotify_event");

int cipc_inotify(int nonblocking) {
    return inotify_init1(IN_CLOEXEC | (nonblocking ? IN_NONBLOCK : 0));
}

int cipc_inotify_add_watch(int descriptor, const char *path, uint32_t mask) {
    return inotify_add_watch(descriptor, path, mask);
}

int cipc_inotify_rm_watch(int descriptor, int watch) {
    return inotify_rm_watch(descriptor, watch);
}

intptr_t cipc_inotify_read(int descriptor, void *bytes, size_t count) {
    return read(descriptor, bytes, count);
}
