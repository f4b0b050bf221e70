#include "recorder.h"

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <linux/audit.h>
enum { NATIVE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
#include <linux/audit.h>
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#else
#error "which architecture do the system calls of this program have?"
#endif

enum { MAX_TRACEES = 1024 };

static struct tracee *tracees[MAX_TRACEES];
static int tracee_count;
static bool started; // whether the command has been executed

/// Reads a number from a thread's status, such as its thread group.
static pid_t status_number(pid_t thread, const char *key) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    return number_in(path, key, thread);
}

static struct tracee *find(pid_t thread) {
    for (int i = 0; i < tracee_count; i++)
        if (tracees[i]->thread == thread)
            return tracees[i];
    struct tracee *tracee = tracee_count < MAX_TRACEES ? calloc(1, sizeof *tracee) : NULL;
    if (tracee == NULL)
        _exit(1); // the kernel then kills the role, and the recording is incomplete
    tracee->thread = thread;
    tracee->process = status_number(thread, "Tgid:");
    bool is_new = tracee->process == thread;
    if (is_new && started) {
        const pid_t parent = status_number(thread, "PPid:");
        copy_mappings(parent, thread);
        event("process", thread);
        number_field("parent", parent);
        end_event();
    }
    return tracees[tracee_count++] = tracee;
}

static void forget(pid_t thread) {
    for (int i = 0; i < tracee_count; i++)
        if (tracees[i]->thread == thread) {
            free(tracees[i]);
            tracees[i] = tracees[--tracee_count];
            return;
        }
}

static void executed(struct tracee *tracee) {
    // The process's other threads have ended.
    for (int i = tracee_count - 1; i >= 0; i--)
        if (tracees[i]->process == tracee->process && tracees[i] != tracee)
            forget(tracees[i]->thread);
    forget_mappings(tracee->process);
    tracee->in_call = false;
    event("exec", tracee->process);
    end_event();
    started = true;
}

static void stopped_in_call(struct tracee *tracee) {
    struct __ptrace_syscall_info call;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->thread, (void *)sizeof call, &call) == -1)
        return; // the thread was killed in the meantime
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
        tracee->in_call = call.arch == NATIVE && (call.entry.nr & 0x40000000) == 0;
        if (!tracee->in_call) {
            event("unseen", tracee->process);
            text_field("what", "system calls of another ABI");
            end_event();
            return;
        }
        tracee->number = (long)call.entry.nr;
        memcpy(tracee->arguments, (const void *)call.entry.args, sizeof tracee->arguments);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        tracee->since = now.tv_sec * 1000000000LL + now.tv_nsec;
        enter_call(tracee);
    } else if (call.op == PTRACE_SYSCALL_INFO_EXIT && tracee->in_call) {
        tracee->in_call = false;
        leave_call(tracee, call.exit.rval);
    }
}

static void ended(struct tracee *tracee, int status) {
    if (started && tracee->thread == tracee->process) {
        event("exit", tracee->process);
        number_field(WIFEXITED(status) ? "status" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        end_event();
        forget_mappings(tracee->process);
    }
    forget(tracee->thread);
}

static void trace(void) {
    int status;
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR;) {
        if (thread == -1)
            continue;
        struct tracee *tracee = find(thread);
        if (!WIFSTOPPED(status)) {
            ended(tracee, status);
            continue;
        }
        int stop = WSTOPSIG(status), kind = status >> 16, delivered = 0;
        if (kind == PTRACE_EVENT_EXEC) {
            executed(tracee);
        } else if (kind == PTRACE_EVENT_STOP && stop != SIGTRAP) {
            ptrace(PTRACE_LISTEN, thread, NULL, NULL); // a group stop: the process stays stopped
            continue;
        } else if (stop == (SIGTRAP | 0x80)) {
            if (started)
                stopped_in_call(tracee);
        } else if (kind == PTRACE_EVENT_EXIT) {
            tracee->is_acquiring = false;
            if (started && tracee->thread == tracee->process && has_mappings(tracee->process))
                report_stores(tracee);
        } else if (kind == 0) {
            delivered = stop;
        }
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)delivered);
    }
    event("end", 0);
    end_event();
}

static _Noreturn void run_tracer(pid_t role, int output, int ready) {
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, role, NULL, (void *)options) == -1 ||
        ptrace(PTRACE_INTERRUPT, role, NULL, NULL) == -1)
        err(1, "wire-recorder: ptrace");
    remember_standard_streams();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // the role must not be able to open its tracer's descriptors
    // The tracer must not keep the role's descriptors open: the role's last close must close the file.
    if (dup2(ready, STDIN_FILENO) == -1 || dup2(output, OUTPUT) == -1)
        err(1, "wire-recorder: dup2");
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close_range(OUTPUT + 1, ~0U, 0);
    if (write(STDIN_FILENO, "", 1) != 1)
        _exit(1);
    close(STDIN_FILENO);
    event("tracer", getpid());
    end_event();
    trace();
    _exit(0);
}

int main(int argc, char **argv) {
    char *end;
    const long output = argc < 3 ? -1 : strtol(argv[1], &end, 10);
    if (output < OUTPUT || *end != '\0')
        errx(64, "usage: wire-recorder FD COMMAND [ARGUMENT]...");
    const pid_t role = getpid();
    int ready[2];
    if (pipe(ready) == -1)
        err(1, "wire-recorder: pipe");
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); // needed if Yama lets only ancestors trace a process
    const pid_t child = fork();
    if (child == -1)
        err(1, "wire-recorder: fork");
    if (child == 0) {
        if (fork() != 0)
            _exit(0); // the tracer must not be a child that the role could wait for
        run_tracer(role, (int)output, ready[1]);
    }
    char byte;
    close(ready[1]);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
    if (read(ready[0], &byte, 1) != 1)
        errx(1, "wire-recorder: no tracer");
    close(ready[0]);
    close((int)output);
    execv(argv[2], argv + 2);
    err(127, "wire-recorder: %s", argv[2]);
}
