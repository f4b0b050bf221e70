/* Mapped memory: loads, stores and copies. */
#include "cost.h"

#include <string.h>

enum { LARGE = 1 << 20 };

static void run_load(const struct cost_run *run) {
    unsigned char *memory = cost_map(NULL, 4096), buffer[COST_MESSAGE];
    for (long i = 0; i < run->count; i++) {
        memcpy(buffer, memory + 64, sizeof buffer);
        cost_observe(buffer);
    }
}

static void run_store(const struct cost_run *run) {
    unsigned char *memory = cost_map(NULL, 4096), buffer[COST_MESSAGE] = {1};
    for (long i = 0; i < run->count; i++) {
        memcpy(memory + 64, buffer, sizeof buffer);
        cost_observe(memory);
    }
}

static void run_copy(const struct cost_run *run) {
    static unsigned char buffer[LARGE];
    unsigned char *memory = cost_map(NULL, LARGE);
    memset(memory, 1, LARGE);
    for (long i = 0; i < run->count; i++) {
        memcpy(buffer, memory, LARGE);
        cost_observe(buffer);
    }
}

const struct cost cost_memory[] = {
    {"memory-load", run_load}, {"memory-store", run_store}, {"memory-copy", run_copy}, {0}};
