/* The C measurements for `make cost`. Each mechanism has a separate file, and a line in cost.c. */
#ifndef COST_H
#define COST_H

#include <stdbool.h>
#include <stddef.h>

enum { COST_MESSAGE = 64 };

/* The measurement to run, and its number of rounds. A measurement between two processes also has the shared
 * file and this process's role. */
struct cost_run {
    long count;
    const char *path;
    bool is_first;
};

/* One measurement. Only the rounds depend on the count, so the difference between two runs is the cost of
 * the additional rounds. */
struct cost {
    const char *name;
    void (*run)(const struct cost_run *run);
};

extern const struct cost cost_channel[], cost_eventfd[], cost_memory[], cost_pipe[], cost_posix_mq[],
    cost_posix_sem[], cost_queue[], cost_ring[], cost_shared_mutex[], cost_signals[], cost_sockets[],
    cost_sysv_msg[], cost_sysv_sem[];

/* Exits with a message if `condition` is false. */
void cost_require(bool condition, const char *what);

/* Does nothing, but is opaque to the compiler. This prevents the compiler from removing or merging the
 * measured code.
 */
void cost_observe(const void *pointer);

/* Maps `size` zero bytes: anonymous memory or, if `path` is not NULL, a file, which is created if
 * necessary. */
void *cost_map(const char *path, size_t size);

#endif
