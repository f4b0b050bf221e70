/* A pipe: one write(2) and one read(2). */
#include "cost.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void run_pipe(const struct cost_run *run) {
    int ends[2];
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    cost_require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    signal(SIGPIPE, SIG_IGN);
    for (long i = 0; i < run->count; i++) {
        cost_require(write(ends[1], message, sizeof message) == sizeof message, "write");
        cost_require(read(ends[0], buffer, sizeof buffer) == sizeof buffer, "read");
    }
}

const struct cost cost_pipe[] = {{"pipe", run_pipe}, {0}};
