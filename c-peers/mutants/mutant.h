/* Mutants of the reference peer. Each is a typical porting defect in one call. The peer's objects are linked
 * with `--wrap` for these calls. For example, `__wrap_mq_send` makes a wrong call if `--mutant NAME` selected
 * one of its mutants, and otherwise calls `__real_mq_send`. The peer's sources do not change.
 *
 * Mutants that do not change a call are patches: docs/decisions/0079-mutants-in-headers.md.
 *
 * fixtures/mutants.yaml lists the cells that must catch each of them. To add one, write
 * `if (mutant("its-name"))` here and a few lines there.
 */
#ifndef MUTANT_H
#define MUTANT_H

#include <stdbool.h>
#include <sys/time.h>
#include <time.h>

struct mutant {
    const char *name;
    bool on;
};

/* Whether a mutant was selected. The macro also adds the mutant to the list, which is a linker section. */
#define mutant(text)                                                                                         \
    ({                                                                                                       \
        static struct mutant here __attribute__((section("mutants"), used)) = {text, false};                 \
        here.on;                                                                                             \
    })

/* Makes this process remove an object when it exits, although it only opened the object. */
void remove_at_exit(int (*remove)(const char *), const char *name);
void remove_identifier_at_exit(int (*remove)(int), int identifier);

/* Whether a timer sends signals at intervals shorter than any timeout. If so, a wait that timed out was also
 * interrupted, but the process was not scheduled in time. */
static inline bool signals_come(void) {
    struct itimerval timer;
    return getitimer(ITIMER_REAL, &timer) == 0 && timer.it_interval.tv_usec > 0;
}

/* The deadline of a timed call. If the previous attempt was interrupted, the wait restarts with its full
 * length. */
#define STARTED_AGAIN(clock, deadline, interrupted)                                                          \
    ({                                                                                                       \
        static struct timespec began;                                                                        \
        struct timespec now, moved = *(deadline);                                                            \
        clock_gettime(clock, &now);                                                                          \
        if (!(interrupted))                                                                                  \
            began = now;                                                                                     \
        moved.tv_sec += now.tv_sec - began.tv_sec;                                                           \
        moved.tv_nsec += now.tv_nsec - began.tv_nsec;                                                        \
        moved.tv_sec += moved.tv_nsec >= 1000000000 ? 1 : moved.tv_nsec < 0 ? -1 : 0;                        \
        moved.tv_nsec += moved.tv_nsec >= 1000000000 ? -1000000000 : moved.tv_nsec < 0 ? 1000000000 : 0;     \
        moved;                                                                                               \
    })
/* Whether the attempt was interrupted. */
#define WAS_INTERRUPTED(result)                                                                              \
    ({                                                                                                       \
        if ((result) == -1 && errno == ETIMEDOUT && signals_come())                                          \
            errno = EINTR;                                                                                   \
        (result) == -1 && errno == EINTR;                                                                    \
    })

/* Declares a call that this file replaces. c.mk reads these lines for the linker. */
#define WRAPPED(call) __typeof__(call) __real_##call, __wrap_##call

#endif
