/* Mutants of the reference peer. Each is a typical defect of a port in one call. The objects of the peer are
 * linked with `--wrap` for these calls. `__wrap_mq_send` makes a wrong call if `--mutant NAME` selected its
 * mutant, and `__real_mq_send` otherwise. The sources of the peer do not change.
 *
 * Mutants that are not in a call are patches: docs/decisions/0079-mutants-in-headers.md.
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

/* Whether a mutant was selected. The macro also adds the mutant to the list, which is a section. */
#define mutant(text)                                                                                         \
    ({                                                                                                       \
        static struct mutant here __attribute__((section("mutants"), used)) = {text, false};                 \
        here.on;                                                                                             \
    })

/* A call that this file replaces. c.mk reads these lines for the linker. */
#define WRAPPED(call) __typeof__(call) __real_##call, __wrap_##call

#endif
