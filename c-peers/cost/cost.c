/* cost NAME COUNT [PATH first|second]: runs one measurement, and prints the time that its rounds took, in
 * ns. */
#include "cost.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct cost *const all[] = {
    cost_channel, cost_eventfd,      cost_memory,  cost_pipe,    cost_posix_mq, cost_posix_sem, cost_queue,
    cost_ring,    cost_shared_mutex, cost_signals, cost_sockets, cost_sysv_msg, cost_sysv_sem,
};

void cost_require(bool condition, const char *what) {
    if (!condition)
        err(1, "%s", what);
}

void cost_observe(const void *pointer) {
    (void)pointer;
}

void *cost_map(const char *path, size_t size) {
    int fd = -1;
    if (path) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        cost_require(fd != -1, "open");
        cost_require(ftruncate(fd, (off_t)size) == 0, "ftruncate");
    }
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | (path ? 0 : MAP_ANONYMOUS), fd, 0);
    cost_require(memory != MAP_FAILED, "mmap");
    return memory;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char *argv[]) {
    if (argc < 3)
        errx(2, "usage: cost NAME COUNT [PATH first|second]");
    const struct cost_run run = {.count = atol(argv[2]),
                                 .path = argc > 3 ? argv[3] : NULL,
                                 .is_first = argc > 4 && strcmp(argv[4], "first") == 0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct cost *cost = all[i]; cost->name; cost++)
            if (strcmp(cost->name, argv[1]) == 0) {
                const long long begin = now();
                cost->run(&run);
                printf("%lld\n", now() - begin);
                return 0;
            }
    errx(2, "there is no measurement '%s'", argv[1]);
}
