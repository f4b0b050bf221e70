/* Parameters as values: each accessor refuses the call when the text is not one. */
#include "peer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>

const struct field *field(const struct call *call, const char *key) {
    for (size_t i = 0; i < call->field_count; i++)
        if (strcmp(call->fields[i].key, key) == 0)
            return &call->fields[i];
    return NULL;
}

bool has(const struct call *call, const char *key) {
    return field(call, key) != NULL;
}

/* A C string ends at its first NUL, so a value that has one inside is none: the call would see another name.
 */
const char *text(struct call *call, const char *key) {
    const struct field *found = field(call, key);
    if (!found) {
        refuse(call, "%s needs '%s'", call->operation, key);
        return "";
    }
    if (strlen(found->value) != found->length) {
        refuse(call, "'%s' has a NUL in it", key);
        return "";
    }
    return found->value;
}

long long number(struct call *call, const char *key, long long least, long long most) {
    const char *value = text(call, key), *wrong = NULL;
    long long result = strtonum(value, least, most, &wrong);
    if (wrong)
        refuse(call, "%s=%.64s is %s", key, value, wrong);
    return result;
}

long long number_or(struct call *call, const char *key, long long least, long long most, long long fallback) {
    return has(call, key) ? number(call, key, least, most) : fallback;
}

/* Any 64 bits, which is more than strtonum(3) can say. */
uint64_t seed(struct call *call, const char *key) {
    const char *value = text(call, key);
    char *end;
    errno = 0;
    unsigned long long result = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end || errno == ERANGE)
        refuse(call, "%s=%.64s is no number of 64 bits", key, value);
    return result;
}

key_t ipc_key(struct call *call, const char *key) {
    const char *value = text(call, key);
    if (strcmp(value, "IPC_PRIVATE") == 0)
        return IPC_PRIVATE;
    char *end;
    errno = 0;
    long long result = strtoll(value, &end, strncasecmp(value, "0x", 2) == 0 ? 16 : 10);
    if (end == value || *end || errno == ERANGE || result < INT32_MIN || result > UINT32_MAX)
        refuse(call, "%s=%.64s is no key", key, value);
    return (key_t)result;
}

mode_t permissions(struct call *call, const char *key) {
    const char *value = text(call, key);
    size_t digits = strspn(value, "01234567");
    if (digits == 0 || digits > 5 || value[digits])
        refuse(call, "%s=%.64s is not octal", key, value);
    return (mode_t)strtoul(value, NULL, 8);
}

mode_t permissions_or(struct call *call, const char *key, mode_t fallback) {
    return has(call, key) ? permissions(call, key) : fallback;
}

/* Decimal seconds, by digits: a double would not keep a nanosecond. Negative times have a negative tv_sec and
 * a tv_nsec from 0 on, as the clocks have them. */
struct timespec seconds(struct call *call, const char *key) {
    const char *value = text(call, key);
    const char *digit = value + (*value == '-' || *value == '+');
    struct timespec span = {0};
    int whole = 0, fraction = 0;
    for (; isdigit((unsigned char)*digit) && whole < 10; digit++, whole++)
        span.tv_sec = span.tv_sec * 10 + (*digit - '0');
    if (*digit == '.')
        for (digit++; isdigit((unsigned char)*digit) && fraction < 9; digit++, fraction++)
            span.tv_nsec = span.tv_nsec * 10 + (*digit - '0');
    if (whole + fraction == 0 || *digit)
        refuse(call, "%s=%.64s is no time in decimal seconds", key, value);
    for (; fraction < 9; fraction++)
        span.tv_nsec *= 10;
    if (*value == '-') {
        span.tv_sec = -span.tv_sec - (span.tv_nsec > 0);
        span.tv_nsec = span.tv_nsec > 0 ? 1000000000 - span.tv_nsec : 0;
    }
    return span;
}

bool retries(struct call *call) {
    if (!has(call, "eintr"))
        return false;
    if (strcmp(text(call, "eintr"), "retry") != 0)
        refuse(call, "eintr is 'retry', or not there");
    return true;
}
