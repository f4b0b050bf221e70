#include "sandbox_init.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

// A private sandbox serves several cells in succession, because starting and ending a sandbox takes longer
// than most cells. The runner renews a sandbox only if the previous cell passed, had no role with privileges,
// and left no object behind. This file resets what a snapshot does not list.

/// The properties of this process that the next peers inherit. A peer with the same user ID can change them,
/// for example with prlimit(2).
struct inherited {
    struct rlimit limits[RLIM_NLIMITS];
    int nice_value, policy;
    struct sched_param parameters;
    cpu_set_t processors;
};

static int first_free; // the lowest descriptor that this process does not use itself
static struct inherited at_start;

static void read_inherited(struct inherited *inherited) {
    memset(inherited, 0, sizeof *inherited); // both copies are compared as bytes
    for (int i = 0; i < RLIM_NLIMITS; i++)
        getrlimit(i, &inherited->limits[i]);
    inherited->nice_value = getpriority(PRIO_PROCESS, 0);
    inherited->policy = sched_getscheduler(0);
    sched_getparam(0, &inherited->parameters);
    sched_getaffinity(0, sizeof inherited->processors, &inherited->processors);
}

void remember_own_state(void) {
    first_free = dup(STDERR_FILENO);
    close(first_free);
    read_inherited(&at_start);
}

/// Whether no peer has changed the properties that the next peers inherit.
static bool is_unchanged(void) {
    struct inherited now;
    read_inherited(&now);
    return memcmp(&now, &at_start, sizeof now) == 0;
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

/// Restores the permissions of a directory. Without privileges, it belongs to the peers' user, who may have
/// changed them. New files and directories would inherit a default ACL.
static bool reset_directory(const char *path) {
    char names[4096];
    const ssize_t length = listxattr(path, names, sizeof names);
    if (length == -1 && errno != ENOTSUP) {
        reply_failure("listxattr", path);
        return false;
    }
    for (const char *name = names; name < names + length; name += strlen(name) + 1) {
        if (strncmp(name, "system.", 7) != 0 && strncmp(name, "user.", 5) != 0)
            continue;
        if (removexattr(path, name) == -1) {
            reply_failure("removexattr", path);
            return false;
        }
    }
    if (chmod(path, 01777) == -1) {
        reply_failure("chmod", path);
        return false;
    }
    return true;
}

void renew(const struct plan *plan) {
    closefrom(first_free);
    if (!plan->private_sandbox || !has_no_children(plan) || !has_no_sockets() || !is_unchanged()) {
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
    prepare_snapshots(plan);
    if (could_list_queues && !can_list_queues()) {
        reply_failure("fsmount", "the mqueue file system");
        return;
    }
    if (!reset_directory("/tmp") || !reset_directory("/dev/shm"))
        return;
    raise_numbers();
    reply("ok");
    reply_end();
}
