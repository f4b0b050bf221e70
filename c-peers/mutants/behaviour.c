/* Defects in the peer itself: its responses, the objects that it leaks, and its exit. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int after_the_end(int status);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t answer_wrongly(int fd, const char *line, size_t count);
const char *rewritten(const char *line, size_t *count);
void leave_something(void);
void answer_ahead(void);

/* Whether the peer responded before it made the call. */
static bool answered;

void answer_ahead(void) {
    static const char ok[] = "ok\n";
    answered = __real_write(STDOUT_FILENO, ok, sizeof ok - 1) != -1;
}

/* Called after main, with its result as `status`. */
int after_the_end(int status) {
    /* The peer does not exit at the end of its input. */
    if (mutant("ignores-end-of-input"))
        for (;;)
            pause();
    /* The peer prints a human-readable message on standard output before it exits. */
    if (mutant("speaks-at-the-end"))
        __real_write(STDOUT_FILENO, "bye\n", 4);
    /* The peer exits with the status of an earlier, expected error. */
    if (mutant("exits-with-an-old-error"))
        return EXIT_FAILURE;
    /* The program prints its error but exits successfully. */
    if (mutant("exit-status-lost"))
        return EXIT_SUCCESS;
    return status;
}

/* A line that the peer writes, including its newline. */
ssize_t answer_wrongly(int fd, const char *line, size_t count) {
    static const char ok[] = "ok\n";
    size_t length = count;
    const char *changed = rewritten(line, &length);
    bool greeting = strncmp(line, "hello ", 6) == 0;
    if (greeting || length != count || memcmp(changed, line, count) != 0)
        return __real_write(fd, changed, length) == -1 ? -1 : (ssize_t)count;
    if (answered) {
        answered = false;
        return (ssize_t)count;
    }
    /* The peer reports every request as successful. */
    if (mutant("reports-ok-for-everything"))
        return __real_write(fd, ok, sizeof ok - 1) == -1 ? -1 : (ssize_t)count;
    /* The peer only logs errors, and responds with ok. */
    if (mutant("reports-ok-for-errors") && strncmp(line, "error ", 6) == 0)
        return __real_write(fd, ok, sizeof ok - 1) == -1 ? -1 : (ssize_t)count;
    /* The peer reports a failed operation as unsupported. */
    if (mutant("reports-unsupported-for-errors") && strncmp(line, "error ", 6) == 0) {
        static const char unsupported[] = "unsupported\n";
        return __real_write(fd, unsupported, sizeof unsupported - 1) == -1 ? -1 : (ssize_t)count;
    }
    /* The peer sends every response twice. */
    if (mutant("responds-twice") && __real_write(fd, line, count) == -1)
        return -1;
    /* The newline is missing, as if printf(3) had buffered the last part of the response. */
    if (mutant("responds-without-line-end") && __real_write(fd, line, count - 1) != -1)
        return (ssize_t)count;
    leave_something();
    return __real_write(fd, line, count);
}
