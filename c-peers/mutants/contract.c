/* The lines of the contract: how a request is taken apart, and an answer put together. */
#include "mutant.h"

#include "../peer/peer.h"

#include <string.h>

WRAPPED(parse);
WRAPPED(answer_bytes);
WRAPPED(answer_payload);

void __wrap_parse(struct call *call, char *line, size_t length) {
    /* A `+` is a space, as in a form of the web. */
    for (char *c = line; mutant("plus-as-space") && c < line + length; c++)
        if (*c == '+')
            memcpy(c, "_", 1);
    __real_parse(call, line, length);
}

void __wrap_answer_bytes(struct call *call, const char *key, const void *bytes, size_t length) {
    /* A value is a text. */
    if (mutant("answer-as-string"))
        length = strnlen(bytes, length);
    __real_answer_bytes(call, key, bytes, length);
}

void __wrap_answer_payload(struct call *call, const char *key, struct expectation expected, const void *bytes,
                           size_t length) {
    /* The peer answers with what was expected, so every cell passes. */
    if (expected.has_pattern && mutant("echoes-the-expectation")) {
        answer(call, "digest", "%016llx", 0ULL);
        answer(call, "differs", "none");
        return;
    }
    __real_answer_payload(call, key, expected, bytes, length);
}
