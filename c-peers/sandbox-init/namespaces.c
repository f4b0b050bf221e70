#include "sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor == -1)
        return false;
    bool written = write(descriptor, text, strlen(text)) == (ssize_t)strlen(text);
    close(descriptor);
    return written;
}

/// Enters new namespaces. Without privileges, it first enters a user namespace that maps this user to the
/// peers' user.
static bool unshare_all(void) {
    const int kinds = CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID;
    if (unshare(kinds) == 0)
        return true;
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (errno != EPERM || unshare(CLONE_NEWUSER | kinds) == -1) {
        reply_failure("unshare", "IPC, mount, network and PID namespaces");
        return false;
    }
    char map[64];
    snprintf(map, sizeof map, "%u %u 1", PEER_ID, uid);
    bool mapped = write_file("/proc/self/uid_map", map) && write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", PEER_ID, gid);
    if (!mapped || !write_file("/proc/self/gid_map", map)) {
        reply_failure("write", "/proc/self/uid_map");
        return false;
    }
    return true;
}

/// The first process of a PID namespace is a child of the process that unshared it. The parent stays, and
/// exits with the child's status.
static bool become_first_process(void) {
    pid_t child = fork();
    if (child == -1) {
        reply_failure("fork", "the first process of the sandbox");
        return false;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return true;
    }
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    int status;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/// Creates `path` and every directory above it.
static void make_directories(const char *path) {
    char partial[4096];
    strlcpy(partial, path, sizeof partial);
    for (char *c = partial + 1; *c != '\0'; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        mkdir(partial, 0755);
        *c = '/';
    }
    mkdir(partial, 0755);
}

/// Mounts an open directory or file at its path again, if a new file system hides it.
static bool show(const char *path, int held) {
    struct stat status;
    char source[64];
    if (access(path, F_OK) == 0)
        return true;
    snprintf(source, sizeof source, "/proc/self/fd/%d", held);
    char directory[4096];
    strlcpy(directory, path, sizeof directory);
    bool is_file = fstat(held, &status) == 0 && !S_ISDIR(status.st_mode);
    char *slash = strrchr(directory, '/');
    if (is_file && slash != NULL)
        *slash = '\0';
    make_directories(directory);
    int place = is_file ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (place != -1)
        close(place);
    if (mount(source, path, NULL, MS_BIND | MS_REC, NULL) == 0)
        return true;
    reply_failure("mount", path);
    return false;
}

static bool mount_tmpfs(const char *path) {
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m") == 0)
        return true;
    reply_failure("mount", path);
    return false;
}

/// Sets the numbers that a kernel built with CONFIG_CHECKPOINT_RESTORE lets a process choose.
void raise_numbers(void) {
    char number[16];
    snprintf(number, sizeof number, "%d", LAST_PID);
    write_file("/proc/sys/kernel/ns_last_pid", number);
    snprintf(number, sizeof number, "%d", FIRST_OBJECT_ID);
    write_file("/proc/sys/kernel/msg_next_id", number);
    write_file("/proc/sys/kernel/sem_next_id", number);
    write_file("/proc/sys/kernel/shm_next_id", number);
}

static bool mount_private(const struct plan *plan) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1) {
        reply_failure("mount", "/ as private");
        return false;
    }
    // The peers' programs may be in /tmp: descriptors hold their directories open while /tmp is replaced.
    int held[MAX_KEPT];
    for (int i = 0; i < plan->kept; i++)
        held[i] = open(plan->keep[i], O_PATH | O_CLOEXEC);
    bool shown = mount_tmpfs("/tmp") && mount_tmpfs("/dev/shm");
    for (int i = 0; i < plan->kept; i++) {
        shown = shown && (held[i] == -1 || show(plan->keep[i], held[i]));
        if (held[i] != -1)
            close(held[i]);
    }
    if (!shown)
        return false;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == -1) {
        reply_failure("mount", "/proc");
        return false;
    }
    raise_numbers();
    return true;
}

/// Brings up the loopback interface, which is down in a new network namespace.
static bool raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1)
        return true; // a kernel without IPv4 has no interface to bring up
    bool up = ioctl(descriptor, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags |= IFF_UP;
    up = up && ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;
    if (!up)
        reply_failure("ioctl", "the loopback interface");
    close(descriptor);
    return up;
}

bool enter_sandbox(struct plan *plan) {
    if (!plan->private_sandbox) {
        // A process that a peer leaves running becomes a child of this process, which can then find and kill
        // it.
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        strlcpy(plan->scratch, "/tmp/ipc-interop.XXXXXX", sizeof plan->scratch);
        choose_users(plan);
        if (mkdtemp(plan->scratch) == NULL ||
            chmod(plan->scratch, 0755) == -1 || // peers that run as another user must be able to enter it
            chown(plan->scratch, peers_user(), (gid_t)-1) == -1) {
            reply_failure("mkdtemp", plan->scratch);
            return false;
        }
        return true;
    }
    if (!unshare_all())
        return false;
    choose_users(plan);
    return become_first_process() && mount_private(plan) && raise_loopback();
}
