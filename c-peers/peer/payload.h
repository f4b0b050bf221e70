/* Payloads: literal bytes, the pattern, its digest, and the stamped record. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "call.h"

/* A request's payload. */
struct payload {
    const void *bytes;
    size_t length;
};
struct payload peer_payload(struct call *, const char *literal, const char *length);
struct payload peer_payload_or_memory(struct call *, const char *literal, const char *length);
void *peer_scratch(struct call *, size_t size);

/* The fields of a response for received bytes: whether they match a pattern, or the bytes themselves. */
struct expectation {
    bool has_pattern;
    uint64_t seed, offset;
};
struct expectation peer_expectation(struct call *);
void peer_reply_payload(struct call *, const char *key, struct expectation, const void *bytes, size_t length);

uint64_t peer_pattern_word(uint64_t seed, uint64_t index);
void peer_make_pattern(uint64_t seed, uint64_t offset, unsigned char *to, size_t length);
size_t peer_first_difference(uint64_t seed, uint64_t offset, const unsigned char *bytes, size_t length);

uint64_t peer_digest(const void *bytes, size_t length);
struct digest_state {
    uint64_t hash, length;
};
extern const struct digest_state peer_new_digest;
void peer_digest_more(struct digest_state *, const void *bytes, size_t length);
uint64_t peer_digest_end(const struct digest_state *);

enum { RECORD_HEADER = 16 };
void peer_make_record(unsigned char *record, size_t size, uint32_t writer, uint32_t sequence);
bool peer_check_record(const unsigned char *record, size_t size, uint32_t *writer, uint32_t *sequence);

#endif
