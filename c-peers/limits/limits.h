/* The physical limits of a machine: no mechanism that crosses processes can be faster than these. */
#ifndef LIMITS_H
#define LIMITS_H

#include "../benchmark/histogram.h"
#include "../benchmark/pair.h"

/* One limit. `run` measures it and returns whether the machine has what it needs. */
struct limit {
    const char *name;
    unsigned long size; /* of a copy, in bytes */
    bool needs_two_cores;
    void (*run)(const struct limit *, const struct pair_options *);
};

extern const struct limit limits_cpu[], limits_exchange[], limits_copy[];

/* Calls `batch` until the duration has passed, after a warm-up of a tenth of it, and prints the times of
 * one of the `units` that a call performs.
 *
 * A short unit is measured in batches, because reading the clock takes about as long as the unit. The
 * histogram then has the mean of each batch. */
void limit_measure(const struct limit *, const struct pair_options *, unsigned units,
                   void (*batch)(void *context), void *context);

/* Keeps the compiler from removing, merging or moving the measured code. */
static inline void limit_observe(const void *pointer) {
    __asm__ volatile("" : : "r"(pointer) : "memory");
}

#endif
