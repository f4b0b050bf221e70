/* Limits for transfers through shared memory: one process copies blocks into slots, and the other copies them
 * out. No process sleeps, and only the state of a slot is checked. */
#include "limits.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SLOTS = 4, CACHE_LINE = 64, BATCH = 4 * SLOTS };

struct slots {
    struct {
        _Alignas(CACHE_LINE) _Atomic uint32_t is_full;
    } state[SLOTS];
    _Alignas(CACHE_LINE) _Atomic bool stop;
    size_t size;
    _Alignas(CACHE_LINE) unsigned char bytes[];
};

/* A process's private memory, and its next slot. */
struct end {
    struct slots *slots;
    unsigned char *block;
    unsigned next;
};

static unsigned char *private_block(size_t size) {
    unsigned char *block = aligned_alloc(CACHE_LINE, size);
    pair_require(block, "aligned_alloc");
    memset(block, 1, size);
    return block;
}

static void fill_slots(void *context) {
    struct slots *slots = context;
    unsigned char *block = private_block(slots->size);
    for (unsigned slot = 0;; slot = (slot + 1) % SLOTS) {
        while (atomic_load_explicit(&slots->state[slot].is_full, memory_order_acquire))
            if (atomic_load_explicit(&slots->stop, memory_order_relaxed))
                return;
        memcpy(slots->bytes + slot * slots->size, block, slots->size);
        atomic_store_explicit(&slots->state[slot].is_full, 1, memory_order_release);
    }
}

static void empty_slots(void *context) {
    struct end *end = context;
    struct slots *slots = end->slots;
    for (int i = 0; i < BATCH; i++) {
        while (!atomic_load_explicit(&slots->state[end->next].is_full, memory_order_acquire))
            ;
        memcpy(end->block, slots->bytes + end->next * slots->size, slots->size);
        limit_observe(end->block);
        atomic_store_explicit(&slots->state[end->next].is_full, 0, memory_order_release);
        end->next = (end->next + 1) % SLOTS;
    }
}

static void run_copy(const struct limit *limit, const struct pair_options *options) {
    const size_t size = sizeof(struct slots) + SLOTS * limit->size;
    struct slots *slots = pair_memory(size);
    slots->size = limit->size;
    struct end end = {.slots = slots, .block = private_block(limit->size)};
    const struct pair_partner partner = pair_start(options->cores[1], fill_slots, slots);
    limit_measure(limit, options, BATCH, empty_slots, &end);
    atomic_store_explicit(&slots->stop, true, memory_order_relaxed);
    pair_require_end(&partner);
    free(end.block);
    munmap(slots, size);
}

const struct limit limits_copy[] = {
    {.name = "copy-through-64B", .size = 1 << 6, .needs_two_cores = true, .run = run_copy},
    {.name = "copy-through-4KiB", .size = 1 << 12, .needs_two_cores = true, .run = run_copy},
    {.name = "copy-through-64KiB", .size = 1 << 16, .needs_two_cores = true, .run = run_copy},
    {.name = "copy-through-1MiB", .size = 1 << 20, .needs_two_cores = true, .run = run_copy},
    {0},
};
