/* Not a call that is wrong, but a party that is: what it says, leaves behind, and how it ends. */
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

/* The answer was given before the call was made, and is not given again. */
static bool answered;

void answer_ahead(void) {
    static const char ok[] = "ok\n";
    answered = __real_write(STDOUT_FILENO, ok, sizeof ok - 1) != -1;
}

/* `status` is the result of main. */
int after_the_end(int status) {
    /* The peer does not exit at the end of its input. */
    if (mutant("lives-on-without-input"))
        for (;;)
            pause();
    /* The status of the last thing that went wrong, long ago and for a good reason. */
    if (mutant("ends-with-an-old-error"))
        return EXIT_FAILURE;
    /* A program that said what was wrong has done its duty. */
    if (mutant("exit-status-lost"))
        return EXIT_SUCCESS;
    return status;
}

/* Something that is left to itself. With its parent's output it also holds the pipe that others wait for the
 * end of. */
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
    if (mutant("says-ok-to-everything"))
        return __real_write(fd, ok, sizeof ok - 1) == -1 ? -1 : (ssize_t)count;
    /* Errors are only logged, and the response is ok. */
    if (mutant("says-ok-to-errors") && strncmp(line, "error ", 6) == 0)
        return __real_write(fd, ok, sizeof ok - 1) == -1 ? -1 : (ssize_t)count;
    /* An operation that sometimes fails is better not supported. */
    if (mutant("says-unsupported-to-errors") && strncmp(line, "error ", 6) == 0) {
        static const char unsupported[] = "unsupported\n";
        return __real_write(fd, unsupported, sizeof unsupported - 1) == -1 ? -1 : (ssize_t)count;
    }
    /* Once more, should the first have been lost. */
    if (mutant("answers-twice") && __real_write(fd, line, count) == -1)
        return -1;
    /* printf(3) to a pipe: the answer waits in a buffer for more. */
    if (mutant("answers-without-line-end") && __real_write(fd, line, count - 1) != -1)
        return (ssize_t)count;
    if (mutant("leaves-a-process"))
        leave_a_child(false);
    if (mutant("leaves-a-process-on-its-output"))
        leave_a_child(true);
    return __real_write(fd, line, count);
}
