/* NAME [--cores A,B] [--duration MS]: prints a line of JSON for round trips and one for a flood. */
#include "alternative.h"

#include "../benchmark/histogram.h"
#include "../benchmark/pair.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME = 64, FIRST_COUNT = 2000 };

/* The parameters and the result of a run in two processes. */
struct task {
    enum alternative_pattern pattern;
    unsigned long warm, count;
    int cores[2];
    char directory[32];
    uint64_t elapsed;
    struct histogram histogram;
};

void alternative_require(bool condition, const char *call, const char *reason) {
    if (!condition)
        errx(1, "%s: %s: %s", alternative_library.name, call, reason);
}

/* A multithreaded library is slower if all of a process's threads share one core. */
static void use_both_cores(const int cores[2]) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cores[0], &set);
    CPU_SET(cores[1], &set);
    pair_require(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

/* The partner echoes `count` messages, or sends them. Message n begins with the number n. */
static void run_partner(void *context) {
    const struct task *task = context;
    const struct alternative *library = &alternative_library;
    unsigned char message[ALTERNATIVE_MESSAGE] = {0};
    use_both_cores(task->cores);
    pair_wait();
    library->open(task->pattern, false, task->directory);
    for (unsigned long i = 0; i < task->warm + task->count; i++) {
        if (task->pattern == ALTERNATIVE_PING_PONG)
            library->receive(message);
        else
            memcpy(message, &i, sizeof i);
        library->send(message);
    }
    /* A library may send from another thread, so wait until the messages have arrived before closing it. */
    pair_wait();
    library->close();
}

/* Exchanges the messages, and measures those after the warm-up. */
static void exchange(struct task *task) {
    const struct alternative *library = &alternative_library;
    const bool is_ping = task->pattern == ALTERNATIVE_PING_PONG;
    unsigned char message[ALTERNATIVE_MESSAGE] = {0};
    uint64_t begin = 0;
    for (unsigned long i = 0; i < task->warm + task->count; i++) {
        const uint64_t sent = is_ping || i == task->warm ? histogram_now() : 0;
        if (i == task->warm)
            begin = sent;
        if (is_ping) {
            memcpy(message, &i, sizeof i);
            library->send(message);
        }
        library->receive(message);
        alternative_require(memcmp(message, &i, sizeof i) == 0, "receive", "the message is not the next one");
        if (is_ping && i >= task->warm)
            histogram_record(&task->histogram, histogram_now() - sent);
    }
    task->elapsed = histogram_now() - begin;
}

/* Runs the first process, which releases its partner once it is listening. */
static void run_first(void *context) {
    struct task *task = context;
    pair_end_with_partner();
    const struct pair_partner partner = pair_start(task->cores[1], run_partner, task);
    use_both_cores(task->cores);
    alternative_library.open(task->pattern, true, task->directory);
    pair_release(&partner);
    exchange(task);
    pair_release(&partner);
    pair_require_end(&partner);
    alternative_library.close();
}

/* Runs both sides in a new directory. Both are child processes, because a library may not support being used
 * both before and after fork(2). */
static void run(struct task *task) {
    strlcpy(task->directory, "/tmp/alternative.XXXXXX", sizeof task->directory);
    pair_require(mkdtemp(task->directory), "mkdtemp");
    const struct pair_partner first = pair_start(task->cores[0], run_first, task);
    const bool succeeded = pair_join(&first);
    alternative_library.remove(task->directory);
    pair_require(rmdir(task->directory) == 0, "rmdir");
    if (!succeeded)
        exit(1);
}

static void measure(const struct pair_options *options, enum alternative_pattern pattern) {
    char name[NAME];
    snprintf(name, sizeof name, "%s-%s", alternative_library.name,
             pattern == ALTERNATIVE_PING_PONG ? "ping-pong" : "flood");
    if (!pair_selects(options, name))
        return;
    struct task *task = pair_memory(sizeof *task);
    *task = (struct task){.pattern = pattern,
                          .warm = FIRST_COUNT / 10,
                          .count = FIRST_COUNT,
                          .cores = {options->cores[0], options->cores[1]}};
    /* A short run determines how many messages fit into the duration. */
    run(task);
    task->count = FIRST_COUNT * options->duration / (task->elapsed + 1) + FIRST_COUNT;
    task->warm = task->count / 10;
    memset(&task->histogram, 0, sizeof task->histogram);
    run(task);
    histogram_report(name, &task->histogram, task->elapsed, task->count, task->count * ALTERNATIVE_MESSAGE);
}

int main(int argc, char *argv[]) {
    const struct pair_options options = pair_parse(argc, argv);
    measure(&options, ALTERNATIVE_PING_PONG);
    measure(&options, ALTERNATIVE_FLOOD);
    pair_require(fflush(stdout) == 0, "write");
    return 0;
}
