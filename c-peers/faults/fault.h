/* A gallery of mistakes. Each fault is what a porter gets wrong in one call: the objects of the reference
 * peer are linked with `--wrap` for the calls that stand here, and `__wrap_mq_send` makes the wrong one when
 * its fault was asked for by `--fault NAME`, `__real_mq_send` otherwise. The reference knows nothing of it.
 *
 * What is no call stands in the patches beside it: docs/decisions/0135-mutants-in-headers-are-patches.md.
 *
 * fixtures/mutants.yaml says of each which cells must catch it. To add one is to write `if
 * (fault("its-name"))` here and a few lines there.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

struct fault {
    const char *name;
    bool on;
};

/* Whether the fault was asked for. Naming it here is what makes it known: all of them lie in one section. */
#define fault(text)                                                                                          \
    ({                                                                                                       \
        static struct fault here __attribute__((section("faults"), used)) = {text, false};                   \
        here.on;                                                                                             \
    })

/* A call that this file stands in for. c.mk reads these lines for the linker. */
#define WRAPPED(call) __typeof__(call) __real_##call, __wrap_##call

#endif
