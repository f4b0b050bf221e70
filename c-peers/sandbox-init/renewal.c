#include "sandbox_init.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// A private sandbox serves several cells in succession, because starting and ending a sandbox takes longer
// than most cells. The runner renews a sandbox only if the previous cell passed, had no role with privileges,
// and left no object behind. This file resets what a snapshot does not list.

static int first_free; // the lowest descriptor that this process does not use itself

void remember_own_descriptors(void) {
    first_free = dup(STDERR_FILENO);
    close(first_free);
}

/// Whether every process of the previous cell has been reaped.
static bool has_no_children(const struct plan *plan) {
    int status;
    pid_t pid;
    while ((pid = collect(plan, &status, WNOHANG)) > 0)
        continue;
    return pid == -1 && errno == ECHILD;
}

/// Whether the network namespace has no sockets, not even the remains of a TCP connection, which reserve its
/// port for a minute.
static bool has_no_sockets(void) {
    FILE *file = fopen("/proc/net/sockstat", "re");
    int used = -1, waiting = -1;
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "sockets: used %d", &used);
        sscanf(line, "TCP: inuse %*d orphan %*d tw %d", &waiting);
    }
    if (file != NULL)
        fclose(file);
    return used == 0 && waiting == 0;
}

void renew(const struct plan *plan) {
    closefrom(first_free);
    if (!plan->private_sandbox || !has_no_children(plan) || !has_no_sockets()) {
        errno = EBUSY;
        reply_failure("renew", "the sandbox");
        return;
    }
    const bool could_list_queues = can_list_queues();
    // In a new namespace, there are no objects, and limits have their default values.
    if (unshare(CLONE_NEWIPC) == -1) {
        reply_failure("unshare", "the IPC namespace");
        return;
    }
    remember_scratch(plan);
    if (could_list_queues && !can_list_queues()) {
        reply_failure("fsmount", "the mqueue file system");
        return;
    }
    // Without privileges, these directories belong to the peers' user, who may have changed their
    // permissions.
    if (chmod("/tmp", 01777) == -1 || chmod("/dev/shm", 01777) == -1) {
        reply_failure("chmod", "/tmp or /dev/shm");
        return;
    }
    raise_numbers();
    reply("ok");
    reply_end();
}
