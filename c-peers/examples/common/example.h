/* Shared by the example programs: output, timeouts and options. Each program itself contains the
 * mechanism that it demonstrates. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sysexits.h>
#include <time.h>

/* -- Output (output.c) -- */

/* Prints a line and flushes it. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Returns received bytes as printable text, valid until the next call. A trailing NUL is not shown. */
const char *shown(const void *bytes, size_t length);

/* -- Timeouts (timeout.c) -- */

/* The value of --timeout as a CLOCK_MONOTONIC deadline; without this option, a program waits indefinitely. */
struct timeout {
    bool limited;
    struct timespec deadline;
};

/* Returns the remaining time for ppoll(2) and similar calls; NULL if there is no limit. */
const struct timespec *remaining(struct timeout timeout, struct timespec *left);

/* Converts the deadline to CLOCK_REALTIME, the clock that message queues use. */
struct timespec realtime_deadline(struct timeout timeout);

/* Waits until a descriptor is ready. Returns false with errno ETIMEDOUT after the deadline. */
bool wait_for(int fd, short events, struct timeout timeout);

/* Sleeps between two attempts at a nonblocking call, longer each time, up to 10 ms. Returns false with errno
 * ETIMEDOUT after the deadline. */
bool pause_for(struct timeout timeout, struct timespec *pause);

/* -- Options (options.c): an invalid value is a usage error -- */

long long number_option(const char *option, const char *text, long long least, long long most);
mode_t mode_option(const char *text);
double seconds_option(const char *option, const char *text);
struct timeout timeout_option(const char *text);

/* Parses a System V key, in decimal, or in hexadecimal with 0x. Rejects 0, which is IPC_PRIVATE: other
 * programs could not find the object. */
key_t key_option(const char *option, const char *text);

/* Rejects arguments that are not options. */
void no_more_arguments(int argc, char *argv[]);

#endif
