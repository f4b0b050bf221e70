#include "sandbox_init.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct plan parse_arguments(int argc, char **argv) {
    static const struct option options[] = {
        {"private", no_argument, NULL, 'p'},         {"token", required_argument, NULL, 't'},
        {"first-key", required_argument, NULL, 'f'}, {"keep", required_argument, NULL, 'k'},
        {"program", required_argument, NULL, 'x'},   {NULL, 0, NULL, 0},
    };
    struct plan plan = {.token = "", .scratch = "/tmp"};
    plan.program = calloc((size_t)argc, sizeof *plan.program);
    if (plan.program == NULL)
        err(1, "calloc");
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p': plan.private_sandbox = true; break;
        case 't': plan.token = optarg; break;
        case 'f': plan.first_key = atoi(optarg); break;
        case 'k':
            if (plan.kept == MAX_KEPT)
                errx(64, "at most %d places can be kept", MAX_KEPT);
            plan.keep[plan.kept++] = optarg;
            break;
        case 'x': plan.program[plan.programs++] = optarg; break;
        default:
            errx(64, "usage: sandbox-init --private | --token NAME --first-key N; [--keep PATH]... "
                     "[--program FILE]...: started by ipc-interop");
        }
    }
    return plan;
}

static void report_ends(const struct plan *plan) {
    int status;
    for (pid_t pid; (pid = collect(plan, &status, WNOHANG)) > 0;) {
        reply("ended");
        reply_number("pid", pid);
        if (WIFSIGNALED(status)) {
            char name[32];
            const char *abbreviation = sigabbrev_np(WTERMSIG(status));
            snprintf(name, sizeof name, "SIG%s", abbreviation != NULL ? abbreviation : "unknown");
            reply_text("signal", name);
        } else
            reply_number("exit", WEXITSTATUS(status));
        reply_end();
    }
}

static void send_signal(const char *line) {
    pid_t pid = (pid_t)number_field(line, "pid", 0);
    if (pid <= 1 || kill(pid, (int)number_field(line, "signum", 0)) == -1) {
        reply_failure("kill", "the peer");
        return;
    }
    reply("ok");
    reply_end();
}

static void dispatch(const struct plan *plan, const char *line) {
    char command[16] = ""; // a longer name is unknown
    const size_t length = strcspn(line, " ");
    if (length < sizeof command)
        memcpy(command, line, length);
    if (strcmp(command, "renew") == 0)
        renew(plan);
    else if (strcmp(command, "spawn") == 0)
        spawn(plan, line);
    else if (strcmp(command, "signal") == 0)
        send_signal(line);
    else if (strcmp(command, "state") == 0)
        reply_process_state(line);
    else if (strcmp(command, "transfers") == 0)
        reply_transfers(line);
    else if (strcmp(command, "wait") == 0)
        reply_wait(line);
    else if (strcmp(command, "descriptors") == 0)
        reply_descriptors(line);
    else if (strcmp(command, "holders") == 0)
        reply_holders(line);
    else if (strcmp(command, "take") == 0)
        take_descriptor(line);
    else if (strcmp(command, "create") == 0)
        create_file(plan, line);
    else if (strcmp(command, "file") == 0)
        reply_file(line);
    else if (strcmp(command, "listeners") == 0)
        reply_listeners(plan);
    else if (strcmp(command, "features") == 0)
        reply_features();
    else if (strcmp(command, "snapshot") == 0) {
        report_ends(plan); // do this first: the snapshot does not list processes that have ended
        reply_snapshot(plan);
    } else
        errx(1, "an unknown command: %s", line);
}

/// Gives this session's autogroup, see sched(7), the nice value of this process.
///
/// An exiting thread leaves its autogroup, and then has only the share of the CPU that its own nice value
/// gives it. `waitpid` spins in the kernel while another thread removes the same process from /proc. With
/// nice 19, that thread could get 1/70 of the share of the autogroup that spins, and `waitpid` took over a
/// minute.
static void apply_nice_value_to_session(void) {
    if (getsid(0) != getpid())
        return;
    FILE *autogroup = fopen("/proc/self/autogroup", "we");
    if (autogroup == NULL)
        return; // this kernel has no autogroups
    fprintf(autogroup, "%d", getpriority(PRIO_PROCESS, 0));
    fclose(autogroup);
}

int main(int argc, char **argv) {
    struct plan plan = parse_arguments(argc, argv);
    umask(022); // the peers' user must be able to enter directories that this process creates
    closefrom(STDERR_FILENO + 1); // pipes that another thread of the runner was creating
    // If the runner was killed, no process reads the response, and there are no more commands.
    signal(SIGPIPE, SIG_IGN);
    remember_ignored_signals();
    apply_nice_value_to_session();
    // An object that existed before the cell does not belong to the cell, and must not be counted or removed.
    if (!plan.private_sandbox && !names_are_free(&plan)) {
        errno = EEXIST;
        reply_failure("start", "an object has a name or key of this cell");
        return 1;
    }
    if (!enter_sandbox(&plan))
        return 1;
    protect_this_process();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (chdir(plan.scratch) == -1) {
        reply_failure("chdir", plan.scratch);
        return 1;
    }

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int ended = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    remember_own_state();
    prepare_snapshots(&plan);
    reply("ready");
    reply_text("scratch", plan.scratch);
    reply_users();
    reply_end();

    struct pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo information[8];
        char *line = NULL;
        if (poll(sources, 2, -1) == -1 && errno != EINTR)
            err(1, "poll");
        // First handle processes that have ended: the response to a later command must take them into
        // account.
        if (read(ended, information, sizeof information) > 0)
            report_ends(&plan);
        if (sources[0].revents == 0)
            continue;
        do {
            if (!next_line(&line)) {
                kill_everything(&plan);
                if (!plan.private_sandbox)
                    clean_up(&plan);
                return 0;
            }
            if (line != NULL)
                dispatch(&plan, line);
        } while (line != NULL);
    }
}
