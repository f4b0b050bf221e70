/* Payloads: literal bytes, the pattern, its digest, and the stamped record. */
#include "peer.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Byte i of the stream is byte i mod 8, least significant first, of word i div 8. */
uint64_t peer_pattern_word(uint64_t seed, uint64_t index) {
    uint64_t z = seed + index + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Generates the bytes from `offset` to the end of their word, and returns their number. */
static size_t pattern_piece(uint64_t seed, uint64_t offset, unsigned char piece[8]) {
    uint64_t word = htole64(peer_pattern_word(seed, offset / 8));
    size_t skipped = offset % 8;
    memcpy(piece, (unsigned char *)&word + skipped, 8 - skipped);
    return 8 - skipped;
}

void peer_make_pattern(uint64_t seed, uint64_t offset, unsigned char *to, size_t length) {
    while (length > 0) {
        size_t count = 8;
        if (offset % 8 == 0 && length >= 8) {
            uint64_t word = htole64(peer_pattern_word(seed, offset / 8));
            memcpy(to, &word, 8);
        } else {
            unsigned char piece[8];
            count = pattern_piece(seed, offset, piece);
            if (count > length)
                count = length;
            memcpy(to, piece, count);
        }
        to += count;
        offset += count;
        length -= count;
    }
}

/* Returns the offset of the first byte that differs from the stream; `length` if none differs. */
size_t peer_first_difference(uint64_t seed, uint64_t offset, const unsigned char *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        uint64_t word = peer_pattern_word(seed, (offset + at) / 8);
        if ((offset + at) % 8 == 0 && length - at >= 8 && memcmp(bytes + at, &word, 8) == 0) {
            at += 8;
            continue;
        }
        unsigned char piece[8];
        size_t count = pattern_piece(seed, offset + at, piece);
        if (count > length - at)
            count = length - at;
        if (memcmp(bytes + at, piece, count) != 0) {
            for (size_t i = 0; bytes[at] == piece[i]; i++)
                at++;
            return at;
        }
        at += count;
    }
    return length;
}

static uint64_t fnv(uint64_t hash, uint64_t word) {
    return (hash ^ word) * 0x100000001b3;
}

const struct digest_state peer_new_digest = {.hash = 0xcbf29ce484222325};

/* Computes FNV-1a over words instead of bytes, which is fast enough for a pipe. Only the last piece may
 * have an incomplete word. */
void peer_digest_more(struct digest_state *digesting, const void *bytes, size_t length) {
    uint64_t hash = digesting->hash, word;
    const unsigned char *from = bytes, *whole = from + length / 8 * 8;
    for (; from < whole; from += 8) {
        memcpy(&word, from, 8);
        hash = fnv(hash, le64toh(word));
    }
    if (length % 8 > 0) {
        word = 0; /* an incomplete word is padded with zeros */
        memcpy(&word, from, length % 8);
        hash = fnv(hash, le64toh(word));
    }
    digesting->hash = hash;
    digesting->length += length;
}

uint64_t peer_digest_end(const struct digest_state *digesting) {
    return fnv(digesting->hash, digesting->length);
}

uint64_t peer_digest(const void *bytes, size_t length) {
    struct digest_state digesting = peer_new_digest;
    peer_digest_more(&digesting, bytes, length);
    return peer_digest_end(&digesting);
}

static void put_header(unsigned char *record, uint32_t writer, uint32_t sequence, uint64_t body) {
    writer = htole32(writer);
    sequence = htole32(sequence);
    body = htole64(body);
    memcpy(record, &writer, 4);
    memcpy(record + 4, &sequence, 4);
    memcpy(record + 8, &body, 8);
}

void peer_make_record(unsigned char *record, size_t size, uint32_t writer, uint32_t sequence) {
    unsigned char *body = record + RECORD_HEADER;
    peer_make_pattern((uint64_t)writer << 32 | sequence, 0, body, size - RECORD_HEADER);
    put_header(record, writer, sequence, peer_digest(body, size - RECORD_HEADER));
}

/* Whether the bytes are an intact record; returns its writer and sequence number. */
bool peer_check_record(const unsigned char *record, size_t size, uint32_t *writer, uint32_t *sequence) {
    const unsigned char *body = record + RECORD_HEADER;
    const size_t length = size - RECORD_HEADER;
    memcpy(writer, record, 4);
    memcpy(sequence, record + 4, 4);
    *writer = le32toh(*writer);
    *sequence = le32toh(*sequence);
    uint64_t stamped;
    memcpy(&stamped, record + 8, 8);
    return le64toh(stamped) == peer_digest(body, length) &&
           peer_first_difference((uint64_t)*writer << 32 | *sequence, 0, body, length) == length;
}

/* Returns a buffer for one call's bytes. It is kept for the next call, to avoid an allocation per
 * message. */
void *peer_scratch(struct call *call, size_t size) {
    enum { MOST = 1 << 30 };
    static void *room;
    static size_t capacity;
    if (size <= capacity && room)
        return room;
    void *larger = size <= MOST ? realloc(room, size + 1) : NULL;
    if (!larger) {
        peer_invalid_request(call, "there is no room for %zu bytes", size);
        return NULL;
    }
    capacity = size;
    return room = larger;
}

/* Reads a request's payload: literal bytes, or a part of the pattern. */
struct payload peer_payload(struct call *call, const char *literal, const char *length) {
    const struct field *bytes = peer_field(call, literal);
    if (!bytes == !peer_has(call, "pattern"))
        peer_invalid_request(call, "%s sends either '%s' or 'pattern'", call->operation, literal);
    else if (bytes && (peer_has(call, length) || peer_has(call, "offset")))
        peer_invalid_request(call, "'%s' implies its length", literal);
    if (call->outcome != OK)
        return (struct payload){0};
    if (bytes)
        return (struct payload){bytes->value, bytes->length};
    const struct expectation pattern = peer_expectation(call);
    const size_t count = peer_size(call, length);
    void *room = call->outcome == OK ? peer_scratch(call, count) : NULL;
    if (!room)
        return (struct payload){0};
    peer_make_pattern(pattern.seed, pattern.offset, room, count);
    return (struct payload){room, count};
}

/* Reads a request's payload like peer_payload, or returns the bytes in memory that the request names. */
struct payload peer_payload_or_memory(struct call *call, const char *literal, const char *length) {
    if (!peer_has(call, "memory"))
        return peer_payload(call, literal, length);
    const size_t count = peer_size(call, length);
    return (struct payload){peer_unchecked_memory(call, count), count};
}

/* Reads the pattern that received bytes are compared with. */
struct expectation peer_expectation(struct call *call) {
    struct expectation expected = {.has_pattern = peer_has(call, "pattern")};
    if (expected.has_pattern)
        expected.seed = peer_seed(call, "pattern");
    else if (peer_has(call, "offset"))
        peer_invalid_request(call, "'offset' needs 'pattern'");
    expected.offset = (uint64_t)peer_number_or(call, "offset", 0, 1LL << 62, 0);
    return expected;
}

void peer_reply_payload(struct call *call, const char *key, struct expectation expected, const void *bytes,
                        size_t length) {
    if (!expected.has_pattern && length <= LITERAL_SIZE) {
        peer_reply_bytes(call, key, bytes, length);
        return;
    }
    peer_reply(call, "digest", "%016llx", (unsigned long long)peer_digest(bytes, length));
    if (!expected.has_pattern)
        return;
    size_t difference = peer_first_difference(expected.seed, expected.offset, bytes, length);
    if (difference == length)
        peer_reply(call, "differs", "none");
    else
        peer_reply(call, "differs", "%zu", difference);
}
