/* Defects that affect a whole program, as found in tutorials. */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

WRAPPED(atexit);
WRAPPED(fflush);
WRAPPED(exit);
WRAPPED(waitpid);

int __wrap_atexit(void (*function)(void)) {
    /* The program removes its objects only at the end of main, so err(3) leaves them behind. */
    return mutant("cleanup-not-registered") ? 0 : __real_atexit(function);
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options) {
    const pid_t ended = __real_waitpid(pid, status, options);
    /* The program waits for its child, but does not check its status. */
    if (mutant("child-status-ignored"))
        *status = 0;
    /* The program uses the whole wait status as the exit status, although the exit status is only its second
     * byte. */
    if (ended != -1 && mutant("status-taken-raw"))
        *status = (*status >> 8) & 0xff;
    return ended;
}

int __wrap_fflush(FILE *stream) {
    /* Standard output is a pipe here, so both processes print its buffer after fork(2). */
    if (mutant("buffer-not-flushed"))
        return 0;
    return __real_fflush(stream);
}

void __wrap_exit(int status) {
    /* The program prints its error but exits successfully. */
    if (mutant("exit-status-lost"))
        status = EXIT_SUCCESS;
    __real_exit(status);
}
