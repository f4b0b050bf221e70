// Sends each argument as a job and prints the result, and finally sends an empty job.
#include <err.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = 64 };

#ifdef FORGETS_NUL // a deliberate defect that the documentation shows
#define LENGTH(text) strlen(text)
#else
#define LENGTH(text) (strlen(text) + 1)
#endif

static mqd_t open_queue(const char *name, int access) {
    mqd_t queue = mq_open(name, access);
    if (queue == (mqd_t)-1)
        err(1, "mq_open %s", name);
    return queue;
}

int main(int argc, char **argv) {
    if (argc < 3)
        errx(2, "usage: job_client JOBS RESULTS [TEXT]...");
    mqd_t jobs = open_queue(argv[1], O_WRONLY), results = open_queue(argv[2], O_RDONLY);
    for (int i = 3; i < argc; i++) {
        char text[SIZE];
        if (mq_send(jobs, argv[i], LENGTH(argv[i]), 0) == -1)
            err(1, "mq_send %s", argv[1]);
        if (mq_receive(results, text, sizeof text, NULL) == -1)
            err(1, "mq_receive %s", argv[2]);
#ifdef OTHER_ARROW // a deliberate defect that the documentation shows
        printf("%s => %s\n", argv[i], text);
#else
        printf("%s -> %s\n", argv[i], text);
#endif
    }
    if (mq_send(jobs, "", 1, 0) == -1)
        err(1, "mq_send %s", argv[1]);
    return 0;
}
