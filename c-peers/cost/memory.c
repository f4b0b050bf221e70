/* Mapped memory: loads, stores and copies. */
#include "cost.h"

#include <string.h>

/* Keeps the compiler from removing or merging what is measured. */
#define OBSERVE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

enum { LARGE = 1 << 20 };

static void run_load(const struct cost_run *run) {
    unsigned char *memory = cost_map(NULL, 4096), buffer[COST_MESSAGE];
    for (long i = 0; i < run->count; i++) {
        OBSERVE(memory);
        memcpy(buffer, memory + 64, sizeof buffer);
        OBSERVE(buffer);
    }
}

static void run_store(const struct cost_run *run) {
    unsigned char *memory = cost_map(NULL, 4096), buffer[COST_MESSAGE] = {1};
    for (long i = 0; i < run->count; i++) {
        OBSERVE(buffer);
        memcpy(memory + 64, buffer, sizeof buffer);
        OBSERVE(memory);
    }
}

static void run_copy(const struct cost_run *run) {
    static unsigned char buffer[LARGE];
    unsigned char *memory = cost_map(NULL, LARGE);
    memset(memory, 1, LARGE);
    for (long i = 0; i < run->count; i++) {
        memcpy(buffer, memory, LARGE);
        OBSERVE(buffer);
    }
}

const struct cost cost_memory[] = {
    {"memory-load", run_load}, {"memory-store", run_store}, {"memory-copy", run_copy}, {0}};
