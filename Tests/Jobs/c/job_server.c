// Receives jobs from a POSIX queue, and sends each one back in capital letters, until an empty job arrives.
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 64 };

#ifdef FORGETS_EINTR // a deliberate defect that the documentation shows
#define FORGETS 1
#else
#define FORGETS 0
#endif

static volatile sig_atomic_t is_stopped;
static const char *created[2];
static int created_count;

static void stop(int number) {
    (void)number;
    is_stopped = 1; // and mq_receive is interrupted
}

static void remove_queues(void) {
#ifdef LEAKS // a deliberate defect that the documentation shows
    created_count = created_count > 1 ? 1 : created_count;
#endif
    while (created_count > 0)
        mq_unlink(created[--created_count]);
}

static mqd_t create(const char *name, int access) {
    struct mq_attr attributes = {.mq_maxmsg = 8, .mq_msgsize = SIZE};
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | access, 0600, &attributes);
    if (queue == (mqd_t)-1)
        err(1, "mq_open %s", name);
    created[created_count++] = name;
    return queue;
}

int main(int argc, char **argv) {
    if (argc != 3)
        errx(2, "usage: job_server JOBS RESULTS");
#ifndef BUFFERED // a deliberate defect that the documentation shows
    setvbuf(stdout, NULL, _IOLBF, 0);
#endif
#ifndef LEAVES_ON_FAILURE // a deliberate defect that the documentation shows
    atexit(remove_queues);
#endif
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    mqd_t jobs = create(argv[1], O_RDONLY), results = create(argv[2], O_WRONLY);
    printf("ready\n");
    char text[SIZE];
    int count = 0, status = 0;
    for (;;) {
        ssize_t length = mq_receive(jobs, text, sizeof text, NULL);
        if (length == -1 && errno == EINTR) {
            if (is_stopped)
                break;
            continue;
        }
        if (length < 1 || text[length - 1] != '\0') {
            warnx("job %d is not terminated by a NUL", count + 1);
            status = 1;
            break;
        }
        if (length == 1)
            break;
        printf("job %d: %s\n", ++count, text);
        for (char *c = text; *c != '\0'; c++)
            *c = (char)toupper((unsigned char)*c);
        while (mq_send(results, text, (size_t)length, 0) == -1)
            if (errno != EINTR || FORGETS)
                err(1, "mq_send %s", argv[2]);
    }
    printf("%d jobs\n", count);
    remove_queues();
    return status;
}
