/* What the examples share beside the mechanism that each shows: how they speak, how long they wait, and their
 * options. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sysexits.h>
#include <time.h>

/* Prints a line and flushes it: a reader of the output sees each step when it happens, and a child that is
 * forked afterwards has nothing in its copy of the buffer that it would print again. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    if (fflush(stdout) == EOF)
        err(EXIT_FAILURE, "write 'standard output'");
}

/* Received bytes as text, until the next call: what has come need not end with a NUL, nor be fit for a
 * terminal. One NUL at the end is how C ends a string, and is not shown. */
static inline const char *shown(const void *bytes, size_t length) {
    static char *text;
    const unsigned char *byte = bytes;
    if (length > 0 && byte[length - 1] == '\0')
        length--;
    char *to = text = reallocf(text, 4 * length + 1);
    if (!text)
        err(EX_OSERR, "malloc");
    for (; length > 0; length--, byte++)
        to += sprintf(to, *byte >= 0x20 && *byte < 0x7f ? "%c" : "\\x%02x", *byte);
    *to = '\0';
    return text;
}

/* How long a program waits: for ever, or, with --timeout, until a time of CLOCK_MONOTONIC. */
struct patience {
    bool ends;
    struct timespec end;
};

enum { SECOND = 1000000000 };

/* What is left of it; NULL, which these calls take for ever, when it does not end. */
static inline const struct timespec *time_left(struct patience patience, struct timespec *left) {
    if (!patience.ends)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    left->tv_sec = patience.end.tv_sec - now.tv_sec;
    left->tv_nsec = patience.end.tv_nsec - now.tv_nsec;
    if (left->tv_nsec < 0) {
        left->tv_sec--;
        left->tv_nsec += SECOND;
    }
    if (left->tv_sec < 0)
        *left = (struct timespec){0};
    return left;
}

/* When that is by CLOCK_REALTIME, the clock of the message queues. */
static inline struct timespec realtime_end(struct patience patience) {
    struct timespec left = {0}, end;
    time_left(patience, &left);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += left.tv_sec;
    end.tv_nsec += left.tv_nsec;
    if (end.tv_nsec >= SECOND) {
        end.tv_sec++;
        end.tv_nsec -= SECOND;
    }
    return end;
}

/* Waits until the descriptor is ready. False, with errno, when that took too long. */
static inline bool wait_for(int descriptor, short events, struct patience patience) {
    struct pollfd entry = {.fd = descriptor, .events = events};
    struct timespec left;
    int ready;
    do
        ready = ppoll(&entry, 1, time_left(patience, &left), NULL);
    while (ready == -1 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

/* Sleeps a little, twice as long each time up to 10 ms, for what the kernel has no call to wait for. False,
 * with errno, when patience has ended. */
static inline bool pause_for(struct patience patience, struct timespec *pause) {
    struct timespec left;
    if (time_left(patience, &left) && left.tv_sec == 0 && left.tv_nsec == 0) {
        errno = ETIMEDOUT;
        return false;
    }
    pause->tv_nsec = pause->tv_nsec == 0 ? 100000 : pause->tv_nsec < 10000000 ? 2 * pause->tv_nsec : 10000000;
    clock_nanosleep(CLOCK_MONOTONIC, 0, pause, NULL);
    return true;
}

/* The values of options. What is no value is wrong usage. */
static inline long long number_option(const char *option, const char *text, long long least, long long most) {
    const char *wrong;
    long long number = strtonum(text, least, most, &wrong);
    if (wrong)
        errx(EX_USAGE, "--%s '%s': %s", option, text, wrong);
    return number;
}

static inline mode_t mode_option(const char *text) {
    size_t digits = strspn(text, "01234567");
    unsigned long mode = strtoul(text, NULL, 8);
    if (digits == 0 || text[digits] || mode > 0777)
        errx(EX_USAGE, "--mode '%s': no octal permissions", text);
    return (mode_t)mode;
}

static inline struct patience timeout_option(const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (!(isdigit((unsigned char)*text) || *text == '.') || *end || !(seconds <= 1e9))
        errx(EX_USAGE, "--timeout '%s': no number of seconds", text);
    struct patience patience = {.ends = true};
    clock_gettime(CLOCK_MONOTONIC, &patience.end);
    patience.end.tv_sec += (time_t)seconds;
    patience.end.tv_nsec += (long)((seconds - (double)(time_t)seconds) * SECOND);
    if (patience.end.tv_nsec >= SECOND) {
        patience.end.tv_sec++;
        patience.end.tv_nsec -= SECOND;
    }
    return patience;
}

/* In decimal, or in hexadecimal with 0x. Not 0: that is IPC_PRIVATE, by which nobody else finds the object.
 */
static inline key_t key_option(const char *option, const char *text) {
    char *end;
    errno = 0;
    long long key = strtoll(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
    if (end == text || *end || errno != 0 || key == 0 || key < INT32_MIN || key > UINT32_MAX)
        errx(EX_USAGE, "--%s '%s': no key", option, text);
    return (key_t)key;
}

/* Where a socket of the internet protocols is. */
struct internet_address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

/* In numbers: names are for getaddrinfo(3), and shorthands for nobody. */
static inline struct internet_address internet_option(const char *text, uint16_t port) {
    struct internet_address address = {0};
    if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
        address.length = sizeof address.in;
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1) {
        address.length = sizeof address.in6;
        address.in6.sin6_family = AF_INET6;
        address.in6.sin6_port = htons(port);
    } else {
        errx(EX_USAGE, "--address '%s': no address in numbers", text);
    }
    return address;
}

/* As 127.0.0.1:7777, or [::1]:7777; until the next call. */
static inline const char *shown_address(const struct internet_address *address) {
    static char text[INET6_ADDRSTRLEN + sizeof "[]:65535"];
    char host[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof host);
        snprintf(text, sizeof text, "%s:%u", host, ntohs(address->in.sin_port));
    } else {
        inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof host);
        snprintf(text, sizeof text, "[%s]:%u", host, ntohs(address->in6.sin6_port));
    }
    return text;
}

/* The options say everything. */
static inline void no_more_arguments(int argc, char *argv[]) {
    if (optind < argc)
        errx(EX_USAGE, "unexpected argument '%s'", argv[optind]);
}

#endif
