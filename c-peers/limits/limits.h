/* A machine's physical limits: no IPC mechanism can be faster than these. */
#ifndef LIMITS_H
#define LIMITS_H

#include "../benchmark/histogram.h"
#include "../benchmark/pair.h"

/* One limit. `run` measures it and prints the result. */
struct limit {
    const char *name;
    unsigned long size; /* bytes per copy */
    bool needs_two_cores;
    void (*run)(const struct limit *, const struct pair_options *);
};

extern const struct limit limits_cpu[], limits_exchange[], limits_copy[];

/* Calls `batch` until the duration has passed, after a warm-up of a tenth of it, and prints the times per
 * unit. A call performs `units` units.
 *
 * A short unit is measured in batches, because reading the clock takes about as long as the unit. In that
 * case, the histogram contains the mean of each batch. */
void limit_measure(const struct limit *, const struct pair_options *, unsigned units,
                   void (*batch)(void *context), void *context);

/* Keeps the compiler from removing, merging or moving the measured code. */
static inline void limit_observe(const void *pointer) {
    __asm__ volatile("" : : "r"(pointer) : "memory");
}

#endif
