/* Parses the option values of the example programs. */
#include "example.h"

#include <ctype.h>

long long number_option(const char *option, const char *text, long long least, long long most) {
    const char *wrong;
    long long number = strtonum(text, least, most, &wrong);
    if (wrong)
        errx(EX_USAGE, "--%s '%s': %s", option, text, wrong);
    return number;
}

mode_t mode_option(const char *text) {
    size_t digits = strspn(text, "01234567");
    unsigned long mode = strtoul(text, NULL, 8);
    if (digits == 0 || text[digits] || mode > 0777)
        errx(EX_USAGE, "--mode '%s': octal permissions expected", text);
    return (mode_t)mode;
}

double seconds_option(const char *option, const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (!(isdigit((unsigned char)*text) || *text == '.') || *end || !(seconds <= 1e9))
        errx(EX_USAGE, "--%s '%s': a number of seconds expected", option, text);
    return seconds;
}

struct timeout timeout_option(const char *text) {
    enum { SECOND = 1000000000 };
    double seconds = seconds_option("timeout", text);
    struct timeout timeout = {.limited = true};
    struct timespec *deadline = &timeout.deadline;
    clock_gettime(CLOCK_MONOTONIC, deadline);
    deadline->tv_sec += (time_t)seconds;
    deadline->tv_nsec += (long)((seconds - (double)(time_t)seconds) * SECOND);
    if (deadline->tv_nsec >= SECOND) {
        deadline->tv_sec++;
        deadline->tv_nsec -= SECOND;
    }
    return timeout;
}

key_t key_option(const char *option, const char *text) {
    char *end;
    errno = 0;
    long long key = strtoll(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
    if (end == text || *end || errno != 0 || key == 0 || key < INT32_MIN || key > UINT32_MAX)
        errx(EX_USAGE, "--%s '%s': a key expected", option, text);
    return (key_t)key;
}

void no_more_arguments(int argc, char *argv[]) {
    if (optind < argc)
        errx(EX_USAGE, "unexpected argument '%s'", argv[optind]);
}
