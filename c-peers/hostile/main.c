// hostile PID...: tries to access other processes, as a peer might do to forge a result.
//
// For each attack on each process, prints a line with the attack's name, the process, and the error or
// "done". The sandbox's unit tests run this program as a role.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(const char *attack, pid_t pid, bool done) {
    printf("%s %d %s\n", attack, pid, done ? "done" : strerrorname_np(errno));
}

static bool open_in_proc(pid_t pid, const char *name, int flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int descriptor = open(path, flags | O_NONBLOCK | O_CLOEXEC);
    if (descriptor == -1)
        return false;
    close(descriptor);
    return true;
}

static bool take_descriptor(pid_t pid) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    int taken = process != -1 ? (int)syscall(SYS_pidfd_getfd, process, STDOUT_FILENO, 0) : -1;
    int reason = errno;
    close(process);
    close(taken);
    errno = reason;
    return taken != -1;
}

static bool read_memory(pid_t pid) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(unsigned long)0x400000, 1};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 || errno == EFAULT;
}

static bool enter_mounts(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    int mounts = open(path, O_RDONLY | O_CLOEXEC);
    return mounts != -1 && setns(mounts, CLONE_NEWNS) == 0;
}

/// Mounts in a new mount namespace, where a successful attack does not affect the machine. Creating the
/// namespace requires the same capability as mounting.
static bool mount_over(const char *path) {
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", path, "tmpfs", 0, NULL) == 0;
}

/// Attacks a process. A child process performs the attacks, because a successful attack could disturb the
/// next one.
static void attack(pid_t pid) {
    report("stdin", pid, open_in_proc(pid, "fd/0", O_WRONLY));
    report("stdout", pid, open_in_proc(pid, "fd/1", O_WRONLY));
    report("mem", pid, open_in_proc(pid, "mem", O_RDWR));
    report("environ", pid, open_in_proc(pid, "environ", O_RDONLY));
    report("pidfd_getfd", pid, take_descriptor(pid));
    report("process_vm_readv", pid, read_memory(pid));
    bool traced = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
    report("ptrace", pid, traced);
    report("setns", pid, enter_mounts(pid));
    report("mount", pid, mount_over("/proc"));
}

static bool gain(void) {
    return setresuid(0, 0, 0) == 0 ||
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0 /* CAP_CHOWN */, 0, 0) == 0;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            attack(atoi(argv[i]));
            fflush(stdout);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    if (argc > 1)
        report("gain", getpid(), geteuid() != 0 && gain());
    return 0;
}
