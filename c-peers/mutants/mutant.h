/* Mutants of the reference peer. Each is a porter's mistake in one call: the objects of the peer are linked
 * with `--wrap` for these calls, and `__wrap_mq_send` makes the wrong call if its mutant was selected by
 * `--mutant NAME`, and `__real_mq_send` otherwise. The peer itself knows nothing about them.
 *
 * Mutants that are not in a call are patches: docs/decisions/0135-mutants-in-headers-are-patches.md.
 *
 * fixtures/mutants.yaml says which cells must catch each of them. To add one, write
 * `if (mutant("its-name"))` here and a few lines there.
 */
#ifndef MUTANT_H
#define MUTANT_H

#include <stdbool.h>

struct mutant {
    const char *name;
    bool on;
};

/* Whether a mutant was selected. Its name here makes it known: all of them are in one section. */
#define mutant(text)                                                                                         \
    ({                                                                                                       \
        static struct mutant here __attribute__((section("mutants"), used)) = {text, false};                 \
        here.on;                                                                                             \
    })

/* A call that this file replaces. c.mk reads these lines for the linker. */
#define WRAPPED(call) __typeof__(call) __real_##call, __wrap_##call

#endif
