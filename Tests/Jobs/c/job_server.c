// Receives jobs from a POSIX queue, and sends each one back in capital letters, until an empty job arrives.
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = 64 };

static void stop(int number) {
    (void)number; // its only purpose is to interrupt mq_receive
}

static mqd_t create(const char *name, int access) {
    struct mq_attr attributes = {.mq_maxmsg = 8, .mq_msgsize = SIZE};
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | access, 0600, &attributes);
    if (queue == (mqd_t)-1)
        err(1, "mq_open %s", name);
    return queue;
}

int main(int argc, char **argv) {
    if (argc != 3)
        errx(2, "usage: job_server JOBS RESULTS");
#ifndef BUFFERED // a mistake for the documentation
    setvbuf(stdout, NULL, _IOLBF, 0);
#endif
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    mqd_t jobs = create(argv[1], O_RDONLY), results = create(argv[2], O_WRONLY);
    printf("ready\n");
    char text[SIZE];
    int count = 0, status = 0;
    for (;;) {
        ssize_t length = mq_receive(jobs, text, sizeof text, NULL);
        if (length == -1 && errno == EINTR)
            break;
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
        if (mq_send(results, text, (size_t)length, 0) == -1)
            err(1, "mq_send %s", argv[2]);
    }
    printf("%d jobs\n", count);
    mq_unlink(argv[1]);
#ifndef LEAKS // a mistake for the documentation
    mq_unlink(argv[2]);
#endif
    return status;
}
