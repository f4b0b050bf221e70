/* Limits for one core: reading the clock, an empty system call, and copying memory. */
#include "limits.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 64, COPIED = 1 << 16 };

static void read_clock(void *context) {
    (void)context;
    for (int i = 0; i < CALLS; i++)
        histogram_now();
}

static void run_clock(const struct limit *limit, const struct pair_options *options) {
    limit_measure(limit, options, CALLS, read_clock, NULL);
}

static void call_kernel(void *context) {
    (void)context;
    /* The cheapest system call, made directly because the C library could cache the result of getpid(3). */
    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getpid);
}

static void run_system_call(const struct limit *limit, const struct pair_options *options) {
    limit_measure(limit, options, CALLS, call_kernel, NULL);
}

struct copy {
    unsigned char *from, *to;
    size_t size;
    unsigned times;
};

static void copy_memory(void *context) {
    const struct copy *copy = context;
    for (unsigned i = 0; i < copy->times; i++) {
        memcpy(copy->to, copy->from, copy->size);
        limit_observe(copy->to);
    }
}

static void run_memcpy(const struct limit *limit, const struct pair_options *options) {
    unsigned char *memory = pair_memory(2 * limit->size);
    memset(memory, 1, 2 * limit->size);
    struct copy copy = {
        .from = memory,
        .to = memory + limit->size,
        .size = limit->size,
        /* A copy of 64 KiB or more takes much longer than reading the clock. */
        .times = limit->size < COPIED ? (unsigned)(COPIED / limit->size) : 1,
    };
    limit_measure(limit, options, copy.times, copy_memory, &copy);
    munmap(memory, 2 * limit->size);
}

const struct limit limits_cpu[] = {
    {.name = "clock", .run = run_clock},
    {.name = "system-call", .run = run_system_call},
    {.name = "memcpy-4KiB", .size = 1 << 12, .run = run_memcpy},
    {.name = "memcpy-64KiB", .size = 1 << 16, .run = run_memcpy},
    {.name = "memcpy-1MiB", .size = 1 << 20, .run = run_memcpy},
    {0},
};
