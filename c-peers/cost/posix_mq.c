/* A POSIX message queue: one mq_send(3) and one mq_receive(3). */
#include "cost.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

static void run_posix_mq(const struct cost_run *run) {
    char name[32];
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = COST_MESSAGE};
    snprintf(name, sizeof name, "/ipc-cost-%d", getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    cost_require(queue != -1, "mq_open");
    cost_require(mq_unlink(name) == 0, "mq_unlink");
    for (long i = 0; i < run->count; i++) {
        unsigned priority;
        ssize_t length;
        int result;
        do
            result = mq_send(queue, (const char *)message, sizeof message, 7);
        while (result == -1 && errno == EINTR);
        cost_require(result == 0, "mq_send");
        do
            length = mq_receive(queue, (char *)buffer, sizeof buffer, &priority);
        while (length == -1 && errno == EINTR);
        cost_require(length == sizeof buffer && priority == 7, "mq_receive");
    }
}

const struct cost cost_posix_mq[] = {{"posix-mq", run_posix_mq}, {0}};
