/* Checks that waits in ipc_ring.h and ipc_queue.h sleep until their deadline, whatever the size of time_t. */
#include "ipc_queue.h"
#include "ipc_ring.h"

#include <err.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MEMORY = 8192, CAPACITY = 4096, MOST_MILLISECONDS = 100 };

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double processor_time(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *shared_memory(void) {
    void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        err(1, "mmap");
    return memory;
}

static ssize_t wait_at_ring(void *memory, const struct timespec *deadline) {
    struct ipc_ring ring;
    char byte;
    if (ipc_ring_open(&ring, memory, MEMORY, IPC_RING_BYTES, IPC_RING_CONSUMER) == -1)
        err(1, "ipc_ring_open");
    return ipc_ring_read(&ring, &byte, 1, deadline);
}

static ssize_t wait_at_queue(void *memory, const struct timespec *deadline) {
    struct ipc_queue queue;
    char message[64];
    if (ipc_queue_open(&queue, memory, MEMORY) == -1)
        err(1, "ipc_queue_open");
    return ipc_queue_receive(&queue, message, sizeof message, deadline);
}

static ssize_t wait_at_queues(void *memory, const struct timespec *deadline) {
    struct ipc_queue queue;
    unsigned from = 0;
    char message[64];
    if (ipc_queue_open(&queue, memory, MEMORY) == -1)
        err(1, "ipc_queue_open");
    return ipc_queue_select(&queue, 1, &from, message, sizeof message, deadline);
}

static int check(const char *name, ssize_t (*wait)(void *, const struct timespec *), void *memory) {
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += 1;
    const double begin = now(), used_before = processor_time();
    const ssize_t result = wait(memory, &deadline);
    const int error = errno;
    const double elapsed = now() - begin, used = processor_time() - used_before;
    const bool right =
        result == -1 && error == ETIMEDOUT && elapsed >= 0.999 && used * 1000 <= MOST_MILLISECONDS;
    printf("%s: %s with %zu-byte time_t and %zu-byte long: %s after %.3f s, %.0f ms of processor time\n",
           right ? "ok" : "FAILED", name, sizeof(time_t), sizeof(long),
           result == -1 ? strerror(error) : "returned", elapsed, used * 1000);
    return right ? 0 : 1;
}

int main(void) {
    struct ipc_queue queue;
    void *ring_memory = shared_memory(), *queue_memory = shared_memory();
    int opened[2];
    char byte;
    if (ipc_ring_make(ring_memory, MEMORY, IPC_RING_BYTES, CAPACITY) == -1)
        err(1, "ipc_ring_make");
    if (ipc_queue_make(&queue, queue_memory, MEMORY, 16, 64) == -1)
        err(1, "ipc_queue_make");

    /* A consumer sleeps only while a producer is open in a live process. */
    if (pipe(opened) == -1)
        err(1, "pipe");
    const pid_t producer = fork();
    if (producer == -1)
        err(1, "fork");
    if (producer == 0) {
        struct ipc_ring ring;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ipc_ring_open(&ring, ring_memory, MEMORY, IPC_RING_BYTES, IPC_RING_PRODUCER) == -1)
            err(1, "ipc_ring_open");
        if (write(opened[1], "x", 1) != 1)
            err(1, "write");
        pause();
        _exit(1);
    }
    if (read(opened[0], &byte, 1) != 1)
        err(1, "read");

    const int failures = check("ipc_ring_read", wait_at_ring, ring_memory) +
                         check("ipc_queue_receive", wait_at_queue, queue_memory) +
                         check("ipc_queue_select", wait_at_queues, queue_memory);
    kill(producer, SIGKILL);
    waitpid(producer, NULL, 0);
    return failures > 0;
}
