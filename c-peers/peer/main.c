/* The C reference peer: performs IPC operations on request, as specified in docs/peer-protocol.md. */
#include "operations.h"
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Peers do not free memory before they exit, and a leak check fails under a tracer. */
#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void) {
    return "detect_leaks=0";
}
#endif

#define TABLE(name) peer_##name##_operations,
static const struct operation *const tables[] = {OPERATION_TABLES(TABLE)};
enum { TABLE_COUNT = sizeof tables / sizeof *tables };

/* `make peers` builds this source with other compilers, C libraries and ABIs, under other names. */
#ifndef PEER_LANGUAGE
#define PEER_LANGUAGE "c"
#endif

#define TEXT_OF(number) #number
#define VERSION(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)
#ifdef __clang__
static const char implementation[] = "clang-" VERSION(__clang_major__, __clang_minor__, __clang_patchlevel__);
#else
static const char implementation[] = "gcc-" VERSION(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif

/* musl has no macro for its name or version. */
#ifdef __GLIBC__
#define LIBRARY "glibc-" TEXT_OF_VALUE(__GLIBC__) "." TEXT_OF_VALUE(__GLIBC_MINOR__)
#define TEXT_OF_VALUE(number) TEXT_OF(number)
#else
#define LIBRARY "musl"
#endif

#if defined __x86_64__ && defined __ILP32__
#define ABI "x32"
#elif defined __x86_64__
#define ABI "x86-64"
#elif defined __i386__
/* The width of time_t differs between programs of this ABI. */
#define ABI (sizeof(time_t) == 8 ? "i386-time64" : "i386")
#elif defined __aarch64__
#define ABI "aarch64"
#else
#define ABI "unknown"
#endif

/* Does not use stdio, which would report an error if a handler without SA_RESTART interrupts a read or
 * write. */
static void write_line(char *line, size_t length) {
    line[length++] = '\n';
    for (size_t written = 0; written < length;) {
        ssize_t count = write(STDOUT_FILENO, line + written, length - written);
        if (count == -1 && errno != EINTR)
            err(EXIT_FAILURE, "write to standard output");
        written += count == -1 ? 0 : (size_t)count;
    }
}

/* Returns the next line without its newline; NULL at the end of input. A line that is too long is skipped,
 * and *length is set to LINE_SIZE. Bytes after the last newline are ignored, because the runner was
 * interrupted while writing them. */
static char *read_line(size_t *length) {
    static char buffer[LINE_SIZE];
    static size_t begin, end;
    bool skipping = false;
    for (;;) {
        char *newline = memchr(buffer + begin, '\n', end - begin);
        if (newline) {
            char *line = buffer + begin;
            begin = (size_t)(newline - buffer) + 1;
            *newline = '\0';
            *length = skipping ? LINE_SIZE : (size_t)(newline - line);
            return line;
        }
        memmove(buffer, buffer + begin, end - begin);
        end -= begin;
        begin = 0;
        if (end == LINE_SIZE) {
            skipping = true;
            end = 0;
        }
        ssize_t count = read(STDIN_FILENO, buffer + end, LINE_SIZE - end);
        if (count == 0)
            return NULL;
        if (count == -1 && errno != EINTR)
            err(EXIT_FAILURE, "read from standard input");
        end += count == -1 ? 0 : (size_t)count;
    }
}

static const struct operation *find(const char *name) {
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (const struct operation *operation = tables[i]; operation->name; operation++)
            if (strcmp(operation->name, name) == 0)
                return operation;
    return NULL;
}

static void say_hello(void) {
    static char line[LINE_SIZE];
    size_t length = (size_t)snprintf(line, sizeof line,
                                     "hello contract=1 language=" PEER_LANGUAGE
                                     " implementation=%s library=" LIBRARY " abi=%s operations=",
                                     implementation, ABI);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (const struct operation *operation = tables[i]; operation->name; operation++)
            length += (size_t)snprintf(line + length, sizeof line - length, "%s,", operation->name);
    write_line(line, length - 1); /* omits the last comma */
}

/* Performs a request. `line` must outlive the call. */
void peer_perform(struct call *call, char *line, size_t length) {
    peer_parse(call, line, length);
    if (call->outcome != OK)
        return;
    const struct operation *operation = find(call->operation);
    if (!operation) {
        call->outcome = UNSUPPORTED;
        return;
    }
    peer_check_keys(call, operation->takes);
    if (call->outcome == OK)
        operation->perform(call);
    peer_end_reservations();
    if (call->response_too_long)
        peer_invalid_request(call, "the response does not fit into a line");
}

const char *const peer_outcomes[] = {
    [OK] = "ok", [FAILED] = "error", [INVALID] = "invalid", [UNSUPPORTED] = "unsupported"};

int main(void) {
    static struct call call;
    static char line[LINE_SIZE];

    /* A write without a reader must fail with EPIPE. filter.c restores the default for its child. */
    signal(SIGPIPE, SIG_IGN);
    peer_create_handles();
    say_hello();
    char *request;
    for (size_t length; (request = read_line(&length));) {
        peer_perform(&call, request, length);
        write_line(line, (size_t)snprintf(line, sizeof line, "%s%.*s", peer_outcomes[call.outcome],
                                          (int)call.response_length, call.response));
    }
    return EXIT_SUCCESS;
}
