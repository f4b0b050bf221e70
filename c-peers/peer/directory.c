/* Directories and the names in them. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void perform_mkdir(struct call *call) {
    const char *path = peer_text(call, "path");
    mode_t mode = peer_mode(call, "mode");
    if (call->outcome == OK && mkdir(path, mode) == -1)
        peer_fail(call, errno);
}

static void perform_rmdir(struct call *call) {
    const char *path = peer_text(call, "path");
    if (call->outcome == OK && rmdir(path) == -1)
        peer_fail(call, errno);
}

static void perform_rename(struct call *call) {
    const char *from = peer_text(call, "oldpath"), *to = peer_text(call, "newpath");
    if (call->outcome == OK && rename(from, to) == -1)
        peer_fail(call, errno);
}

static void perform_link(struct call *call) {
    const char *from = peer_text(call, "oldpath"), *to = peer_text(call, "newpath");
    if (call->outcome == OK && link(from, to) == -1)
        peer_fail(call, errno);
}

static void perform_symlink(struct call *call) {
    const char *to = peer_text(call, "oldpath"), *path = peer_text(call, "newpath");
    if (call->outcome == OK && symlink(to, path) == -1)
        peer_fail(call, errno);
}

const struct operation peer_directory_operations[] = {
    {"mkdir", "path mode", perform_mkdir},           {"rmdir", "path", perform_rmdir},
    {"rename", "oldpath newpath", perform_rename},   {"link", "oldpath newpath", perform_link},
    {"symlink", "oldpath newpath", perform_symlink}, {0},
};
