/* Bytes as text: base64. */
#include "file.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

char *base64_encode(const char *bytes, size_t length) {
    char *text = allocate((length + 2) / 3 * 4 + 1), *next = text;
    for (size_t at = 0; at < length; at += 3) {
        const size_t left = length - at;
        uint32_t group = (uint32_t)(unsigned char)bytes[at] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)bytes[at + 1] << 8 : 0;
        group |= left > 2 ? (unsigned char)bytes[at + 2] : 0;
        *next++ = digits[group >> 18];
        *next++ = digits[group >> 12 & 63];
        *next++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *next++ = left > 2 ? digits[group & 63] : '=';
    }
    *next = '\0';
    return text;
}

/* Returns the value of a digit; 64 if the character is not a digit. */
static uint32_t value_of(char digit) {
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (uint32_t)(found - digits) : 64;
}

char *base64_decode(const char *text, size_t length, size_t *count) {
    if (length % 4 != 0)
        return NULL;
    const bool padded = length > 0 && text[length - 1] == '=';
    const size_t padding = padded ? 1 + (text[length - 2] == '=') : 0;
    char *bytes = allocate(length / 4 * 3 + 1);
    *count = 0;
    for (size_t at = 0; at < length; at += 4) {
        const size_t fill = at + 4 == length ? padding : 0;
        uint32_t group = 0, invalid = 0;
        for (size_t index = 0; index < 4; index++) {
            const uint32_t value = index < 4 - fill ? value_of(text[at + index]) : 0;
            invalid |= value & 64;
            group = group << 6 | (value & 63);
        }
        /* The unused bits of the last digit are 0, so that each sequence of bytes has only one encoding. */
        if (invalid || group & ((1U << 8 * fill) - 1)) {
            free(bytes);
            return NULL;
        }
        for (size_t index = 0; index < 3 - fill; index++)
            bytes[(*count)++] = (char)(group >> (16 - 8 * index));
    }
    return bytes;
}
