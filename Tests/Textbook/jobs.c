#include "textbook.h"

#include <err.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char jobs_name[] = "/jobs", done_name[] = "/done", results_name[] = "/results";

static mqd_t create_queue(const char *name, int flags, long size) {
    struct mq_attr attributes = {.mq_maxmsg = 8, .mq_msgsize = size};
    mqd_t queue = mq_open(name, flags | O_CREAT | O_EXCL, 0620, &attributes);
    if (queue == (mqd_t)-1)
        err(1, "mq_open %s", name);
    return queue;
}

int job_server(void) {
    if (!defect("umask"))
        umask(0);
    mqd_t done = create_queue(done_name, O_WRONLY, 32);
    int memory = shm_open(results_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (memory == -1 || ftruncate(memory, sizeof(struct results)) == -1)
        err(1, "shm_open");
    struct results *results = mmap(NULL, sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (results == MAP_FAILED)
        err(1, "mmap");
    mqd_t jobs = create_queue(jobs_name, O_RDONLY, sizeof(struct job));
    struct job job;
    while (mq_receive(jobs, (char *)&job, sizeof job, NULL) == sizeof job && job.kind == 's') {
        char text[32];
        results->squares[results->count] = job.number * job.number;
        results->count++;
        int length = snprintf(text, sizeof text, "done %.*s", (int)sizeof job.name, job.name);
        if (mq_send(done, text, (size_t)length + 1, 0) == -1)
            err(1, "mq_send");
    }
    munmap(results, sizeof *results);
    mq_unlink(jobs_name);
    mq_unlink(done_name);
    if (!defect("keeps-memory"))
        shm_unlink(results_name);
    return 0;
}

static void submit(mqd_t jobs, mqd_t done, int number, const char *name, unsigned priority) {
    struct job job;
    char answer[32];
    memset(&job, defect("padding") ? 0xAA : 0, sizeof job);
    memset(job.name, 0, sizeof job.name);
    job.kind = 's';
    job.number = number;
    strncpy(job.name, name, sizeof job.name - 1);
    if (mq_send(jobs, (const char *)&job, sizeof job, defect("priority") ? 0 : priority) == -1)
        err(1, "mq_send");
    if (mq_receive(done, answer, sizeof answer, NULL) == -1)
        err(1, "mq_receive");
    printf("%s\n", answer);
}

int job_client(void) {
    mqd_t jobs = mq_open(jobs_name, O_WRONLY), done = mq_open(done_name, O_RDONLY);
    if (jobs == (mqd_t)-1 || done == (mqd_t)-1)
        err(1, "mq_open");
    if (defect("order")) {
        submit(jobs, done, 12, "second", 5);
        submit(jobs, done, 7, "first", 3);
    } else {
        submit(jobs, done, 7, "first", 3);
        submit(jobs, done, 12, "second", 5);
    }
    if (defect("extra"))
        submit(jobs, done, 1, "again", 0);
    submit(jobs, done, 20, "third", 1);
    const struct job quit = {.kind = 'q'};
    if (mq_send(jobs, (const char *)&quit, sizeof quit, 0) == -1)
        err(1, "mq_send");
    return 0;
}
