#include "pair.h"

#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEFAULT_MILLISECONDS = 200, LONGEST_MILLISECONDS = 60000 };

/* The descriptor that the child reads in pair_wait. */
static int released = -1;

void pair_require(bool condition, const char *call) {
    if (!condition)
        err(1, "%s", call);
}

static long long number(const char *text, long long most, const char *what) {
    const char *problem;
    const long long value = strtonum(text, 0, most, &problem);
    if (problem)
        errx(2, "%s '%s' is %s", what, text, problem);
    return value;
}

/* Chooses the first two cores that this process may use. */
static void choose_cores(int cores[2]) {
    cpu_set_t allowed;
    pair_require(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "sched_getaffinity");
    int found = 0;
    for (int core = 0; core < CPU_SETSIZE && found < 2; core++)
        if (CPU_ISSET(core, &allowed))
            cores[found++] = core;
    if (found == 1)
        cores[1] = cores[0];
}

static bool may_use(int core) {
    cpu_set_t allowed;
    pair_require(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "sched_getaffinity");
    return CPU_ISSET(core, &allowed);
}

static void parse_cores(char *text, int cores[2]) {
    char *second = strchr(text, ',');
    if (!second)
        errx(2, "--cores takes two numbers, such as 0,1");
    *second++ = '\0';
    cores[0] = (int)number(text, CPU_SETSIZE - 1, "the core");
    cores[1] = (int)number(second, CPU_SETSIZE - 1, "the core");
}

struct pair_options pair_parse(int argc, char *argv[]) {
    static const struct option known[] = {
        {"cores", required_argument, NULL, 'c'}, {"duration", required_argument, NULL, 'd'}, {0}};
    struct pair_options options = {.duration = DEFAULT_MILLISECONDS * 1000000ULL};
    choose_cores(options.cores);
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (option == 'c')
            parse_cores(optarg, options.cores);
        else if (option == 'd')
            options.duration = 1000000ULL * (uint64_t)number(optarg, LONGEST_MILLISECONDS, "the duration");
        else
            errx(2, "usage: %s [--cores A,B] [--duration MS] [NAME...]", argv[0]);
    for (int i = 0; i < 2; i++)
        if (!may_use(options.cores[i]))
            errx(2, "this process may not use core %d", options.cores[i]);
    options.names = argv + optind;
    return options;
}

bool pair_selects(const struct pair_options *options, const char *name) {
    for (char **wanted = options->names; *wanted; wanted++)
        if (strcmp(*wanted, name) == 0)
            return true;
    return !options->names[0];
}

void pair_pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pair_require(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

void *pair_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    pair_require(memory != MAP_FAILED, "mmap");
    return memory;
}

static void check_child(int number) {
    (void)number;
    siginfo_t information = {0};
    /* The child stays a zombie until pair_join reaps it. */
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_pid != 0 &&
        (information.si_code != CLD_EXITED || information.si_status != 0))
        _exit(1);
}

void pair_end_with_partner(void) {
    struct sigaction action = {.sa_handler = check_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    pair_require(sigaction(SIGCHLD, &action, NULL) == 0, "sigaction");
}

struct pair_partner pair_start(int core, void (*body)(void *context), void *context) {
    int ends[2];
    pair_require(pipe(ends) == 0, "pipe");
    /* Otherwise both processes would write the buffered output. */
    fflush(stdout);
    const pid_t parent = getpid();
    const pid_t child = fork();
    pair_require(child != -1, "fork");
    if (child == 0) {
        pair_require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
        pair_require(signal(SIGCHLD, SIG_DFL) != SIG_ERR, "signal");
        if (getppid() != parent)
            _exit(1);
        close(ends[1]);
        released = ends[0];
        pair_pin(core);
        body(context);
        _exit(0);
    }
    close(ends[0]);
    return (struct pair_partner){.pid = child, .ready = ends[1]};
}

void pair_wait(void) {
    char byte;
    pair_require(read(released, &byte, 1) == 1, "read");
}

void pair_release(const struct pair_partner *partner) {
    pair_require(write(partner->ready, "", 1) == 1, "write");
}

bool pair_join(const struct pair_partner *partner) {
    int status;
    pair_require(waitpid(partner->pid, &status, 0) == partner->pid, "waitpid");
    close(partner->ready);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void pair_require_end(const struct pair_partner *partner) {
    if (!pair_join(partner))
        errx(1, "the other process failed");
}
