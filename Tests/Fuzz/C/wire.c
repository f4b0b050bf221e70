#include "FuzzedC.h"

// Include the source file to access its static output buffer.
#include "../../../c-peers/sandbox-init/lines.c"

const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length) {
    number_field((const char *)line, (const char *)key, 0);
    return (const uint8_t *)field((const char *)line, (const char *)key, length);
}

size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *encoded, size_t room) {
    reply("");
    put_encoded((const char *)bytes, length);
    if (out_length > room)
        return 0;
    memcpy(encoded, out, out_length);
    return out_length;
}
