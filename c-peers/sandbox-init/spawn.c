#include "sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_INHERITED = 32, NUMBER_TAKEN = EEXIST, OUT_OF_THE_WAY = 3 + MAX_INHERITED };

struct child {
    char **arguments;             // NULL-terminated
    char **variables;             // the environment, NULL-terminated
    const char *directory;        // the working directory, or NULL
    int inherited[MAX_INHERITED]; // the descriptors that become 3, 4, … in this order
    int inherited_count;
    enum user user;
    int role;
    int processor; // the only processor that the child may use, or -1
    int stdio[3];
    int executable;
    int report; // a close-on-exec pipe through which the child reports a failure
};

struct failure {
    int reason;
    char call[64];
};

// Signals that a peer would inherit as ignored: the runner ignores SIGPIPE, and may have inherited other
// ignored signals. They are looked up once, because resetting every signal would cost more system calls than
// the rest of starting a peer.
static sigset_t ignored;

void remember_ignored_signals(void) {
    sigemptyset(&ignored);
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaddset(&ignored, number);
    }
}

/// Called in the child. Reports why the peer cannot be executed; this does not count as the peer's failure.
static _Noreturn void fail_start(const struct child *child, const char *call) {
    struct failure failure = {.reason = errno};
    strlcpy(failure.call, call, sizeof failure.call);
    _exit(write(child->report, &failure, sizeof failure) == sizeof failure ? 126 : 127);
}

/// Returns a close-on-exec duplicate whose number is at least `least`.
static int moved(const struct child *child, int descriptor, int least) {
    int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, least);
    if (duplicate == -1) {
        if (errno == EINVAL) // `least` itself exceeds RLIMIT_NOFILE
            errno = EMFILE;
        fail_start(child, "fcntl F_DUPFD");
    }
    return duplicate;
}

/// Places the descriptors where the peer expects them. It first moves them to free numbers, because one could
/// overwrite another.
static void place_descriptors(const struct child *child) {
    int from[3 + MAX_INHERITED];
    int count = 3 + child->inherited_count;
    for (int i = 0; i < count; i++) {
        int descriptor = i < 3 ? child->stdio[i] : child->inherited[i - 3];
        from[i] = moved(child, descriptor, OUT_OF_THE_WAY);
    }
    for (int i = 0; i < count; i++)
        if (dup2(from[i], i) == -1)
            fail_start(child, "dup2");
}

static _Noreturn void run_child(struct child *child, bool shared) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    child->report = moved(child, child->report, OUT_OF_THE_WAY);
    int executable = moved(child, child->executable, OUT_OF_THE_WAY);
    if (shared && has_segments(getpid())) { // an earlier process with this ID created them
        errno = NUMBER_TAKEN;
        fail_start(child, "fork");
    }
    const char *call = lower_privileges(child->user); // do this before a descriptor replaces
                                                      // another one
    if (call != NULL)
        fail_start(child, call);
    place_descriptors(child);
    if (shared) // set this last, because changing the user clears it
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (child->processor >= 0) {
        cpu_set_t processors;
        CPU_ZERO(&processors);
        CPU_SET(child->processor, &processors);
        if (sched_setaffinity(0, sizeof processors, &processors) == -1)
            fail_start(child, "sched_setaffinity");
    }
    umask(022);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number <= SIGRTMAX; number++)
        if (sigismember(&ignored, number) == 1)
            signal(number, SIG_DFL);
    // Execute by descriptor first: the path may lead through directories that another user may not enter.
    if (child->directory != NULL && chdir(child->directory) == -1)
        fail_start(child, "chdir to the directory of the role, for");
    executable = moved(child, executable, 3 + child->inherited_count);
    child->report = moved(child, child->report, 3 + child->inherited_count);
    closefrom((executable > child->report ? executable : child->report) + 1);
    syscall(SYS_execveat, executable, "", child->arguments, child->variables, AT_EMPTY_PATH);
    // A script cannot be executed through a close-on-exec descriptor: its interpreter could not open it.
    execve(child->arguments[0], child->arguments, child->variables);
    fail_start(child, "execve");
}

/// Starts a child, and returns when the child executes the peer; on failure, returns -1 and the reason.
///
/// Until then the child shares this process's memory, because copying the page tables would take longer than
/// the execution, which replaces them. The child writes only to `*child`.
static pid_t start(struct child *child, bool shared, struct failure *failure) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) == -1) {
        *failure = (struct failure){errno, "pipe2"};
        return -1;
    }
    child->report = report[1];
    pid_t pid = vfork();
    if (pid == 0)
        run_child(child, shared);
    *failure = pid == -1 ? (struct failure){errno, "fork"} : (struct failure){.reason = 0};
    close(report[1]);
    while (pid != -1 && read(report[0], failure, sizeof *failure) == -1 && errno == EINTR)
        continue;
    close(report[0]);
    if (pid == -1 || failure->reason == 0)
        return pid;
    waitpid(pid, NULL, 0); // the child never executed a peer, so its exit is not reported
    return -1;
}

/// Returns pointers to the texts of a NUL-separated list. The caller frees the array.
static char **texts(char *list, size_t length) {
    size_t count = 1;
    for (size_t at = 0; at < length; at++)
        count += list[at] == '\0';
    char **texts = calloc(count + 1, sizeof *texts);
    for (size_t i = 0; texts != NULL && i < count; i++, list += strlen(list) + 1)
        texts[i] = list;
    return texts;
}

/// Returns this process's variables and those in a list, which replace variables with the same name. The
/// caller frees the array.
static char **variables(char *list, size_t length) {
    size_t own = 0, count = 0;
    while (environ[own] != NULL)
        own++;
    char **added = length > 0 ? texts(list, length) : calloc(1, sizeof *added);
    for (size_t i = 0; added != NULL && added[i] != NULL; i++)
        count++;
    char **all = added != NULL ? calloc(own + count + 1, sizeof *all) : NULL;
    size_t used = 0;
    for (size_t i = 0; all != NULL && i < own; i++) {
        size_t name = strcspn(environ[i], "=") + 1;
        bool replaced = false;
        for (size_t other = 0; other < count; other++)
            replaced = replaced || strncmp(added[other], environ[i], name) == 0;
        if (!replaced)
            all[used++] = environ[i];
    }
    if (all != NULL)
        memcpy(all + used, added, count * sizeof *all);
    free(added);
    return all;
}

static bool parse_user(const char *name, enum user *user) {
    *user = name == NULL ? PEER : strcmp(name, "root") == 0 ? ROOT : ANOTHER_USER;
    return can_run_as(*user) && (*user != ANOTHER_USER || strcmp(name, "another-user") == 0);
}

/// Takes the descriptors that came with the command: the standard streams, and perhaps one that the child
/// inherits.
static bool take_passed(const char *line, struct child *child) {
    const long long count = number_field(line, "descriptors", 0);
    bool taken = true;
    for (int stream = 0; stream < 3; stream++) {
        child->stdio[stream] = next_descriptor();
        taken = taken && child->stdio[stream] != -1;
    }
    if (count > 3) {
        child->inherited[child->inherited_count] = next_descriptor();
        taken = taken && child->inherited[child->inherited_count++] != -1;
    }
    return taken;
}

static bool parse(const char *line, struct child *child) {
    static char arguments[MAX_LINE], environment[MAX_LINE], directory[4096];
    size_t length = 0, environment_length = 0;
    const char *inherited = field(line, "inherit", NULL);
    bool fits = true;
    for (char *end; inherited != NULL && *inherited != '\0' && fits;) {
        fits = child->inherited_count < MAX_INHERITED - 1; // one more may come with the command
        if (fits)
            child->inherited[child->inherited_count++] = (int)strtol(inherited, &end, 10);
        inherited = fits && *end == ',' ? end + 1 : NULL;
    }
    // Take them even if the command is rejected: otherwise they would count as the next command's.
    const bool taken = take_passed(line, child);
    errno = fits ? EINVAL : E2BIG;
    if (!fits || !taken) {
        reply_failure("spawn", taken ? "inherit" : "descriptors");
        return false;
    }
    const char *list = field(line, "argv", &length);
    if (list == NULL || length == 0) {
        reply_failure("spawn", "argv");
        return false;
    }
    memcpy(arguments, list, length + 1);
    if (!parse_user(field(line, "as", NULL), &child->user)) {
        reply_failure("spawn", "as");
        return false;
    }
    long long role = number_field(line, "role", -1);
    if (role < 0 || role >= MAX_ROLES) {
        reply_failure("spawn", "role");
        return false;
    }
    child->role = (int)role;
    child->processor = (int)number_field(line, "processor", -1);

    const char *start = field(line, "directory", NULL);
    if (start != NULL) {
        if (strlcpy(directory, start, sizeof directory) >= sizeof directory) {
            errno = ENAMETOOLONG;
            reply_failure("chdir", "the directory of the role");
            return false;
        }
        child->directory = directory;
    }
    const char *added = field(line, "environment", &environment_length);
    if (added != NULL)
        memcpy(environment, added, environment_length + 1);

    child->arguments = texts(arguments, length);
    child->variables = variables(environment, environment_length);
    if (child->arguments == NULL || child->variables == NULL) {
        reply_failure("calloc", "argv");
        return false;
    }
    child->executable = open(child->arguments[0], O_PATH | O_CLOEXEC);
    if (child->executable == -1)
        reply_failure("open", child->arguments[0]);
    return child->executable != -1;
}

void spawn(const struct plan *plan, const char *line) {
    struct child child = {.role = -1, .executable = -1};
    struct failure failure = {.reason = 0};
    pid_t pid = -1;
    const bool is_parsed = parse(line, &child);
    if (is_parsed)
        do
            pid = start(&child, !plan->private_sandbox, &failure);
        while (failure.reason == NUMBER_TAKEN);
    if (child.executable != -1)
        close(child.executable);
    // Close these before the reply: after it, no process except the peer may have them open.
    for (int stream = 0; stream < 3; stream++)
        close(child.stdio[stream]);
    for (int i = 0; i < child.inherited_count; i++)
        close(child.inherited[i]);
    if (pid != -1) {
        expect_end(child.role, pid);
        setpgid(pid, pid); // the child also calls this, because either process may run first
        reply("ok");
        reply_number("pid", pid);
        reply_end();
    } else if (is_parsed) {
        errno = failure.reason;
        reply_failure(failure.call, child.arguments[0]);
    }
    free(child.arguments);
    free(child.variables);
}
