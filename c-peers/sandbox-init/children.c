#include "sandbox_init.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t peers[MAX_ROLES]; // the process ID of each role's peer until it is reaped, or 0

void expect_end(int role, pid_t pid) {
    peers[role] = pid;
}

pid_t collect(const struct plan *plan, int *status, int options) {
    // WNOWAIT keeps the process as a zombie, so no other process has its ID yet.
    siginfo_t ended = {.si_pid = 0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT | options) == -1)
        return -1;
    if (ended.si_pid == 0)
        return 0;
    for (int role = 0; role < MAX_ROLES; role++) {
        if (peers[role] != ended.si_pid)
            continue;
        peers[role] = 0;
        if (!plan->private_sandbox)
            remember_segments(ended.si_pid);
    }
    return waitpid(ended.si_pid, status, 0);
}

/// Kills every descendant of this process. In a PID namespace, the kernel does this when the first process
/// exits. On the host, this process kills its children, whose own children then become children of this
/// process. It repeats this until none remain.
void kill_everything(const struct plan *plan) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    for (;;) {
        FILE *children = fopen(path, "re");
        if (children == NULL)
            return;
        int pid, seen = 0;
        while (fscanf(children, "%d", &pid) == 1) {
            seen++;
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
        }
        fclose(children);
        // Reap one at a time: before the next round, orphans may have become children of this process.
        if (collect(plan, NULL, seen > 0 ? 0 : WNOHANG) == -1)
            return;
    }
}
