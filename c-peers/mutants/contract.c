/* The peer protocol: parsing requests and building responses. */
#include "mutant.h"

#include "../peer/peer.h"

#include <string.h>

WRAPPED(peer_parse);
WRAPPED(peer_reply_bytes);
WRAPPED(peer_reply_payload);

void __wrap_peer_parse(struct call *call, char *line, size_t length) {
    /* The peer decodes `+` as a space, as in a URL query. */
    for (char *c = line; mutant("plus-as-space") && c < line + length; c++)
        if (*c == '+')
            memcpy(c, "_", 1);
    __real_peer_parse(call, line, length);
}

void __wrap_peer_reply_bytes(struct call *call, const char *key, const void *bytes, size_t length) {
    /* The peer treats a value as a string, which ends at the first NUL. */
    if (mutant("response-as-string"))
        length = strnlen(bytes, length);
    __real_peer_reply_bytes(call, key, bytes, length);
}

void __wrap_peer_reply_payload(struct call *call, const char *key, struct expectation expected,
                               const void *bytes, size_t length) {
    /* The peer responds with the expected value, so every cell would pass. */
    if (expected.has_pattern && mutant("responds-with-expectation")) {
        peer_reply(call, "digest", "%016llx", 0ULL);
        peer_reply(call, "differs", "none");
        return;
    }
    __real_peer_reply_payload(call, key, expected, bytes, length);
}
