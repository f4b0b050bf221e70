/* The peer protocol: parsing requests and building responses. */
#include "mutant.h"

#include "../peer/peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

WRAPPED(peer_parse);
WRAPPED(peer_reply);
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

/* The peer omits a check, as a release build omits assertions, and reports that it found no error. Returns
 * NULL for every field that the mutant does not change. */
static const char *unchecked(const char *operation, const char *key) {
#define UNCHECKED(name, its_operation, its_key, right)                                                       \
    if (strcmp(operation, its_operation) == 0 && strcmp(key, its_key) == 0 && mutant(name))                  \
        return right;
    UNCHECKED("records-torn-unchecked", "read_records", "torn", "0")
    UNCHECKED("records-lost-unchecked", "read_records", "lost", "0")
    UNCHECKED("records-disordered-unchecked", "read_records", "disordered", "0")
    UNCHECKED("sink-differs-unchecked", "sink", "differs", "none")
    UNCHECKED("series-differs-unchecked", "channel_receive_all", "differs", "none")
    UNCHECKED("reply-differs-unchecked", "channel_ping", "differs", "none")
    UNCHECKED("answers-wrong-unchecked", "connect_and_ask", "wrong", "0")
    UNCHECKED("signals-disordered-unchecked", "sigtimedwait_all", "disordered", "0")
    UNCHECKED("rounds-torn-unchecked", "block_check_rounds", "torn", "0")
    UNCHECKED("queue-torn-unchecked", "queue_consume", "torn", "0")
    UNCHECKED("queue-disordered-unchecked", "queue_consume", "disordered", "0")
    UNCHECKED("queue-repeated-unchecked", "queue_consume", "repeated", "0")
    UNCHECKED("tally-repeated-unchecked", "queue_tally", "repeated", "0")
    UNCHECKED("ring-wrong-unchecked", "ring_read_records", "wrong", "0")
    return NULL;
}

void __wrap_peer_reply(struct call *call, const char *key, const char *format, ...) {
    char value[LINE_SIZE];
    const char *right = unchecked(call->operation, key);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    __real_peer_reply(call, key, "%s", right ? right : value);
}
