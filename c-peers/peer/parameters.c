/* Converts parameters to values. Each accessor marks the request invalid if the text does not have the
 * expected format. */
#include "peer.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>

const struct field *peer_field(const struct call *call, const char *key) {
    for (size_t i = 0; i < call->field_count; i++)
        if (strcmp(call->fields[i].key, key) == 0)
            return &call->fields[i];
    return NULL;
}

bool peer_has(const struct call *call, const char *key) {
    return peer_field(call, key) != NULL;
}

/* A C string ends at its first NUL: if the name contains a NUL, the call gets a different name. */
const char *peer_text(struct call *call, const char *key) {
    const struct field *found = peer_field(call, key);
    if (!found) {
        peer_invalid_request(call, "%s needs '%s'", call->operation, key);
        return "";
    }
    if (strlen(found->value) != found->length) {
        peer_invalid_request(call, "'%s' has a NUL in it", key);
        return "";
    }
    return found->value;
}

/* Parses digits, after a '-' if the number is negative. strtonum(3) would also accept spaces and a '+'. */
long long peer_parse_number(const char *text, long long least, long long most, const char **wrong) {
    if (isdigit((unsigned char)text[*text == '-']))
        return strtonum(text, least, most, wrong);
    *wrong = "not a decimal number";
    return 0;
}

long long peer_number(struct call *call, const char *key, long long least, long long most) {
    const char *value = peer_text(call, key), *wrong = NULL;
    long long result = peer_parse_number(value, least, most, &wrong);
    if (wrong)
        peer_invalid_request(call, "%s=%.64s is %s", key, value, wrong);
    return result;
}

long long peer_number_or(struct call *call, const char *key, long long least, long long most,
                         long long fallback) {
    return peer_has(call, key) ? peer_number(call, key, least, most) : fallback;
}

/* Returns a number that a call takes as a long. */
long peer_long_or(struct call *call, const char *key, long fallback) {
    long long number = peer_number_or(call, key, INT64_MIN, INT64_MAX, fallback);
    if (number < LONG_MIN || number > LONG_MAX)
        peer_unrepresentable(call, "long");
    return (long)number;
}

/* Returns a file offset or length; the default is 0. */
off_t peer_offset(struct call *call, const char *key, long long least) {
    long long number = peer_number_or(call, key, least, INT64_MAX, 0);
    if ((off_t)number != number)
        peer_unrepresentable(call, "off_t");
    return (off_t)number;
}

/* Returns a length in memory. */
size_t peer_size(struct call *call, const char *key) {
    long long number = peer_number(call, key, 0, INT64_MAX);
    if ((unsigned long long)number > SIZE_MAX)
        peer_unrepresentable(call, "size_t");
    return (size_t)number;
}

/* Returns an unsigned 64-bit number. strtonum(3) cannot parse numbers above INT64_MAX. */
uint64_t peer_seed(struct call *call, const char *key) {
    const char *value = peer_text(call, key), *digits = value + (*value == '-');
    char *end;
    errno = 0;
    unsigned long long result = strtoull(digits, &end, 10);
    if (!isdigit((unsigned char)*digits) || *end || errno == ERANGE || (digits != value && result != 0))
        peer_invalid_request(call, "%s=%.64s is not a number of 64 bits", key, value);
    return result;
}

key_t peer_key(struct call *call, const char *key) {
    const char *value = peer_text(call, key);
    if (strcmp(value, "IPC_PRIVATE") == 0)
        return IPC_PRIVATE;
    const bool is_hexadecimal = strncmp(value, "0x", 2) == 0;
    const unsigned char first = (unsigned char)value[is_hexadecimal ? 2 : *value == '-'];
    char *end;
    errno = 0;
    long long result = strtoll(value, &end, is_hexadecimal ? 16 : 10);
    if (!(is_hexadecimal ? isxdigit(first) : isdigit(first)) || *end || errno == ERANGE ||
        result < INT32_MIN || result > UINT32_MAX)
        peer_invalid_request(call, "%s=%.64s is not a key", key, value);
    return (key_t)result;
}

mode_t peer_mode(struct call *call, const char *key) {
    const char *value = peer_text(call, key);
    size_t digits = strspn(value, "01234567");
    if (digits == 0 || digits > 5 || value[digits])
        peer_invalid_request(call, "%s=%.64s is not octal", key, value);
    return (mode_t)strtoul(value, NULL, 8);
}

mode_t peer_mode_or(struct call *call, const char *key, mode_t fallback) {
    return peer_has(call, key) ? peer_mode(call, key) : fallback;
}

/* Parses decimal seconds digit by digit: a double would lose nanoseconds. Negative times have a negative
 * tv_sec and a tv_nsec of 0 or more, like the clocks. */
struct timespec peer_seconds(struct call *call, const char *key) {
    const char *value = peer_text(call, key);
    const char *digit = value + (*value == '-' || *value == '+');
    struct timespec span = {0};
    long long seconds = 0;
    int whole = 0, fraction = 0;
    for (; isdigit((unsigned char)*digit) && whole < 10; digit++, whole++)
        seconds = seconds * 10 + (*digit - '0');
    span.tv_sec = (time_t)seconds;
    if (*digit == '.')
        for (digit++; isdigit((unsigned char)*digit) && fraction < 9; digit++, fraction++)
            span.tv_nsec = span.tv_nsec * 10 + (*digit - '0');
    if (whole + fraction == 0 || *digit)
        peer_invalid_request(call, "%s=%.64s is not a time in decimal seconds", key, value);
    /* A deadline is the sum of this time and the current time. */
    if (sizeof span.tv_sec < 8 && seconds > INT32_MAX - (long long)time(NULL))
        peer_unrepresentable(call, "time_t");
    for (; fraction < 9; fraction++)
        span.tv_nsec *= 10;
    if (*value == '-') {
        span.tv_sec = -span.tv_sec - (span.tv_nsec > 0);
        span.tv_nsec = span.tv_nsec > 0 ? 1000000000 - span.tv_nsec : 0;
    }
    return span;
}

/* Replaces the nanoseconds of a time with `tv_nsec`, which may be out of range. */
void peer_replace_nanoseconds(struct call *call, struct timespec *time) {
    if (peer_has(call, "tv_nsec"))
        time->tv_nsec = (long)peer_number(call, "tv_nsec", INT32_MIN, INT32_MAX);
}

bool peer_retries(struct call *call) {
    if (!peer_has(call, "eintr"))
        return false;
    if (strcmp(peer_text(call, "eintr"), "retry") != 0)
        peer_invalid_request(call, "eintr must be 'retry' or left out");
    return true;
}

bool peer_is_set(struct call *call, const char *key) {
    if (!peer_has(call, key))
        return false;
    if (strcmp(peer_text(call, key), "yes") != 0)
        peer_invalid_request(call, "%s must be 'yes' or left out", key);
    return true;
}

bool peer_exact(struct call *call) {
    return peer_is_set(call, "exact");
}
