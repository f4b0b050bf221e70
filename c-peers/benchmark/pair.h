/* Two processes on chosen cores, for the programs that the benchmark runs alongside the peers. */
#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Options of these programs: --cores A,B and --duration MS. Other arguments are names of measurements. */
struct pair_options {
    int cores[2];      /* the cores for this process and its partner; equal if there is only one */
    uint64_t duration; /* the duration of one measurement in nanoseconds */
    char **names;      /* the selected measurements, followed by NULL; if empty, all */
};
struct pair_options pair_parse(int argc, char *argv[]);

/* Whether the measurement is selected. */
bool pair_selects(const struct pair_options *, const char *name);

/* Exits with a message unless `condition` is true. */
void pair_require(bool condition, const char *call);

/* Pins this process to one core. */
void pair_pin(int core);

/* Memory that this process and its children share. It is never freed. */
void *pair_memory(size_t size);

/* A child that runs a function on a core. The child dies with its parent. */
struct pair_partner {
    pid_t pid;
    int ready; /* written by pair_release, read by pair_wait */
};
struct pair_partner pair_start(int core, void (*body)(void *context), void *context);

/* Exits this process as soon as a child fails, so that this process does not wait forever. */
void pair_end_with_partner(void);

/* Blocks in the child until the parent calls pair_release. */
void pair_wait(void);
void pair_release(const struct pair_partner *);

/* Waits for the child to exit, and returns whether its exit status is 0. */
bool pair_join(const struct pair_partner *);
/* Waits for the child to exit, and exits the program if the child failed. */
void pair_require_end(const struct pair_partner *);

#ifdef __cplusplus
}
#endif

#endif
