/* Defects of whole programs that appear in tutorials. */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>

WRAPPED(fflush);
WRAPPED(exit);

int __wrap_fflush(FILE *stream) {
    /* Standard output is a pipe here, and its buffer is printed twice after fork(2). */
    if (mutant("buffer-not-flushed"))
        return 0;
    return __real_fflush(stream);
}

void __wrap_exit(int status) {
    /* It said what was wrong, and ends. */
    if (mutant("exit-status-lost"))
        status = EXIT_SUCCESS;
    __real_exit(status);
}
