/* Defects of the peer itself: its responses, the objects that it leaks, and its exit. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int after_the_end(int status);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t answer_wrongly(int fd, const char *line, size_t count);
void answer_ahead(void);

/* Whether the response was already sent, before the call. */
static bool answered;

void answer_ahead(void) {
    static const char ok[] = "ok\n";
    answered = __real_write(STDOUT_FILENO, ok, sizeof ok - 1) != -1;
}

/* `status` is the result of main. */
int after_the_end(int status) {
    /* The peer does not exit at the end of its input. */
    if (mutant("ignores-end-of-input"))
        for (;;)
            pause();
    /* The exit status is that of an earlier, expected error. */
    if (mutant("exits-with-an-old-error"))
        return EXIT_FAILURE;
    /* The program prints its error and exits with success. */
    if (mutant("exit-status-lost"))
        return EXIT_SUCCESS;
    return status;
}

/* Leaves a child behind. If it keeps its parent's output, readers of that pipe never see end of file. */
static void leave_a_child(bool holds_output) {
    static bool left;
    if (!left && fork() == 0) {
        if (!holds_output)
            closefrom(STDIN_FILENO);
        for (;;)
            pause();
    }
    left = true;
}

/* A line of the peer, with its line end. */
ssize_t answer_wrongly(int fd, const char *line, size_t count) {
    static const char ok[] = "ok\n";
    bool greeting = strncmp(line, "hello ", 6) == 0;
    if (greeting)
        return __real_write(fd, line, count);
    if (answered) {
        answered = false;
        return (ssize_t)count;
    }
    /* The peer reports every request as successful. */
    if (mutant("reports-ok-for-everything"))
        return __real_write(fd, ok, sizeof ok - 1) == -1 ? -1 : (ssize_t)count;
    /* Errors are only logged, and the response is ok. */
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
    /* The line end is missing, as if printf(3) had buffered the end of the response. */
    if (mutant("responds-without-line-end") && __real_write(fd, line, count - 1) != -1)
        return (ssize_t)count;
    if (mutant("leaves-a-process"))
        leave_a_child(false);
    if (mutant("leaves-a-process-on-its-output"))
        leave_a_child(true);
    return __real_write(fd, line, count);
}
