#include "warden.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 64, MAX_INHERITED = 32, NOBODY = 65534, OUT_OF_THE_WAY = 3 + MAX_INHERITED };

struct child {
    char *arguments[MAX_ARGUMENTS + 1];
    int inherited[MAX_INHERITED]; // become descriptors 3, 4, … in this order
    int inherited_count;
    bool another_user;
    const int *stdio;
    int executable;
};

static void become_nobody(void) {
    if (setgroups(0, NULL) == -1 || setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
        setresuid(NOBODY, NOBODY, NOBODY) == -1)
        err(126, "spawn: become another user");
    // Whoever started us may have set securebits with which capabilities outlive the change of user.
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capset, &header, none) == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        err(126, "spawn: give up privileges");
}

/// Puts the descriptors where the peer expects them. They are first moved out of each other's way.
static void place_descriptors(const struct child *child) {
    int from[3 + MAX_INHERITED];
    int count = 3 + child->inherited_count;
    for (int i = 0; i < count; i++) {
        int descriptor = i < 3 ? child->stdio[i] : child->inherited[i - 3];
        from[i] = fcntl(descriptor, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
        if (from[i] == -1)
            err(126, "spawn: no descriptor above %d is free", OUT_OF_THE_WAY - 1);
    }
    for (int i = 0; i < count; i++)
        if (dup2(from[i], i) == -1)
            err(126, "spawn: place descriptor %d", i);
}

static _Noreturn void run_child(const struct child *child, bool orphan_dies) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    int executable = fcntl(child->executable, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (executable == -1)
        err(126, "spawn: no descriptor above %d is free", OUT_OF_THE_WAY - 1);
    place_descriptors(child);
    if (child->another_user)
        become_nobody();
    if (orphan_dies) // not before: the kernel forgets it when the user changes
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(022);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    // By descriptor first: the path may lead through directories that another user may not enter.
    int keep_open = fcntl(executable, F_DUPFD_CLOEXEC, 3 + child->inherited_count);
    if (keep_open == -1)
        err(126, "spawn: keep %s open", child->arguments[0]);
    closefrom(keep_open + 1);
    syscall(SYS_execveat, keep_open, "", child->arguments, environ, AT_EMPTY_PATH);
    // A script cannot be run from a descriptor that closes on execution: its interpreter would open it in
    // vain.
    execve(child->arguments[0], child->arguments, environ);
    err(127, "spawn: execve %s", child->arguments[0]);
}

void spawn(const struct plan *plan, const char *line) {
    static char argument_bytes[1 << 16];
    struct child child = {.another_user = number_field(line, "another-user", 0) != 0};
    long long role = number_field(line, "role", -1);
    if (role < 0 || role >= plan->roles) {
        errno = EINVAL;
        say_failure("spawn", "role");
        return;
    }
    child.stdio = plan->stdio[role];

    size_t length = 0;
    const char *arguments = field(line, "argv", &length);
    if (arguments == NULL || length == 0 || length >= sizeof argument_bytes) {
        errno = EINVAL;
        say_failure("spawn", "argv");
        return;
    }
    memcpy(argument_bytes, arguments, length + 1);
    int count = 0;
    for (size_t at = 0; at <= length && count < MAX_ARGUMENTS; at += strlen(argument_bytes + at) + 1)
        child.arguments[count++] = argument_bytes + at;

    const char *inherited = field(line, "inherit", NULL);
    for (char *end; inherited != NULL && *inherited != '\0' && child.inherited_count < MAX_INHERITED;) {
        child.inherited[child.inherited_count++] = (int)strtol(inherited, &end, 10);
        inherited = *end == ',' ? end + 1 : NULL;
    }

    child.executable = open(child.arguments[0], O_PATH | O_CLOEXEC);
    if (child.executable == -1) {
        say_failure("open", child.arguments[0]);
        return;
    }
    pid_t pid = fork();
    if (pid == 0)
        run_child(&child, !plan->private_sandbox);
    int reason = errno;
    close(child.executable);
    // The peer holds these now, and the end of its output is to be the end of them.
    for (int stream = 0; stream < 3; stream++)
        close(child.stdio[stream]);
    for (int i = 0; i < child.inherited_count; i++)
        close(child.inherited[i]);
    errno = reason;
    if (pid == -1) {
        say_failure("fork", child.arguments[0]);
        return;
    }
    setpgid(pid, pid); // here as well as in the child: whoever comes first
    say("ok");
    say_number("pid", pid);
    say_end();
}

/// Ends every process below this one. In a PID namespace the kernel does it when its first process goes;
/// elsewhere the children of children become children of this process as their parents die, until there are
/// none.
void kill_everything(void) {
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
        // One at a time: with the next look there may be a child that was nobody's business yet, and lives.
        if (waitpid(-1, NULL, seen > 0 ? 0 : WNOHANG) == -1)
            return;
    }
}
