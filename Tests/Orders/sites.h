/* Replaces the atomic operations in <stdatomic.h> for the code that is included next. The replacements
 * can make one operation relaxed. A site's name consists of its function, its operation and its word. */
#ifndef SITES_H
#define SITES_H

#include <stdatomic.h>
#include <stdbool.h>

struct site {
    const char *function, *operation, *word;
    int order;
    bool relaxed;
};

/* Adds the operation to the list, which is a linker section, and returns whether the operation is
 * relaxed. */
#define IS_RELAXED(operation, word, order)                                                                   \
    ({                                                                                                       \
        static struct site here                                                                              \
            __attribute__((section("sites"), used)) = {__func__, operation, word, order, false};             \
        here.relaxed;                                                                                        \
    })

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_fetch_add
#undef atomic_fetch_or
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak

#define atomic_load_explicit(pointer, order)                                                                 \
    (IS_RELAXED("load", #pointer, order) ? __atomic_load_n(pointer, __ATOMIC_RELAXED)                        \
                                         : __atomic_load_n(pointer, order))
#define atomic_store_explicit(pointer, value, order)                                                         \
    (IS_RELAXED("store", #pointer, order) ? __atomic_store_n(pointer, value, __ATOMIC_RELAXED)               \
                                          : __atomic_store_n(pointer, value, order))
#define CHANGE(operation, word, builtin, pointer, value)                                                     \
    (IS_RELAXED(operation, word, __ATOMIC_SEQ_CST) ? builtin(pointer, value, __ATOMIC_RELAXED)               \
                                                   : builtin(pointer, value, __ATOMIC_SEQ_CST))
#define COMPARE(word, pointer, expected, value, weak)                                                        \
    (IS_RELAXED("compare-exchange", word, __ATOMIC_SEQ_CST)                                                  \
         ? __atomic_compare_exchange_n(pointer, expected, value, weak, __ATOMIC_RELAXED, __ATOMIC_RELAXED)   \
         : __atomic_compare_exchange_n(pointer, expected, value, weak, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

#define atomic_load(pointer) atomic_load_explicit(pointer, __ATOMIC_SEQ_CST)
#define atomic_store(pointer, value) atomic_store_explicit(pointer, value, __ATOMIC_SEQ_CST)
#define atomic_exchange(pointer, value) CHANGE("exchange", #pointer, __atomic_exchange_n, pointer, value)
#define atomic_fetch_add(pointer, value) CHANGE("add", #pointer, __atomic_fetch_add, pointer, value)
#define atomic_fetch_or(pointer, value) CHANGE("or", #pointer, __atomic_fetch_or, pointer, value)
#define atomic_compare_exchange_strong(pointer, expected, value)                                             \
    COMPARE(#pointer " to " #value, pointer, expected, value, false)
#define atomic_compare_exchange_weak(pointer, expected, value)                                               \
    COMPARE(#pointer " to " #value, pointer, expected, value, true)

#endif
