/* Defects of whole programs that appear in tutorials. */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>

WRAPPED(fflush);
WRAPPED(exit);

int __wrap_fflush(FILE *stream) {
    /* Standard output is a pipe here, so both processes print its buffer after fork(2). */
    if (mutant("buffer-not-flushed"))
        return 0;
    return __real_fflush(stream);
}

void __wrap_exit(int status) {
    /* The program prints its error and exits with success. */
    if (mutant("exit-status-lost"))
        status = EXIT_SUCCESS;
    __real_exit(status);
}
