#include "recorder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

pid_t number_in(const char *path, const char *key, pid_t missing) {
    char text[1024];
    FILE *file = fopen(path, "re");
    pid_t number = missing;
    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        if (strncmp(text, key, strlen(key)) == 0)
            number = (pid_t)atol(text + strlen(key));
    if (file != NULL)
        fclose(file);
    return number;
}

/// Returns the process that a thread belongs to.
static pid_t process_of(pid_t thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    return number_in(path, "Tgid:", thread);
}

/// Returns the process that a descriptor refers to, or -1.
static pid_t process_behind(const struct tracee *tracee, int descriptor) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", tracee->process, descriptor);
    const pid_t process = number_in(path, "Pid:", -1);
    return process > 0 ? process_of(process) : -1;
}

pid_t signal_target(const struct tracee *tracee) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
    case SYS_kill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo: return (pid_t)a[0];
    case SYS_tkill: return process_of((pid_t)a[0]);
    case SYS_pidfd_send_signal: return process_behind(tracee, (int)a[0]);
    default: return -1;
    }
}

static void report(const struct tracee *tracee, int number, uint64_t information) {
    siginfo_t info;
    const pid_t target = signal_target(tracee);
    if (target == tracee->process || number == 0)
        return;
    event("signal", tracee->process);
    number_field("target", target);
    const char *name = sigabbrev_np(number);
    char text[32];
    if (name != NULL)
        snprintf(text, sizeof text, "SIG%s", name);
    else
        snprintf(text, sizeof text, "SIGRTMIN+%d", number - SIGRTMIN);
    text_field("name", text);
    if (information != 0 && read_memory(tracee, information, &info, sizeof info))
        number_field("value", info.si_value.sival_int);
    end_event();
}

bool leave_signal_call(struct tracee *tracee) {
    const uint64_t *a = tracee->arguments;
    switch (tracee->number) {
    case SYS_kill:
    case SYS_tkill: report(tracee, (int)a[1], 0); return true;
    case SYS_tgkill: report(tracee, (int)a[2], 0); return true;
    case SYS_rt_sigqueueinfo:
    case SYS_pidfd_send_signal: report(tracee, (int)a[1], a[2]); return true;
    case SYS_rt_tgsigqueueinfo: report(tracee, (int)a[2], a[3]); return true;
    default: return false;
    }
}
