/* A message channel over a pipe. */
#include "cost.h"

#include <fcntl.h>
#include <ipc_channel.h>
#include <signal.h>

static void run_channel(const struct cost_run *run) {
    int ends[2];
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    size_t length;
    struct ipc_channel channel;
    cost_require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    signal(SIGPIPE, SIG_IGN);
    ipc_channel_init(&channel, ends[0], ends[1], COST_MESSAGE);
    for (long i = 0; i < run->count; i++) {
        cost_require(ipc_channel_send(&channel, message, sizeof message, NULL) == 0, "send");
        cost_require(ipc_channel_receive(&channel, buffer, &length, NULL) == 1, "receive");
    }
}

const struct cost cost_channel[] = {{"channel", run_channel}, {0}};
