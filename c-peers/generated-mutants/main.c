/* The C programs with generated mutants: `--mutant NAME` as the first option enables one, and `--record`
 * lists those that would change a call. */
#include "generated.h"

#include <stdio.h>
#include <string.h>

int __real_main(int argc, char *argv[]);
int __wrap_main(int argc, char *argv[]);

int __wrap_main(int argc, char *argv[]) {
    int options = 0;
    if (argc > 1 && strcmp(argv[1], "--record") == 0) {
        generated_mutant_record();
        options = 1;
    } else if (argc > 2 && strcmp(argv[1], "--mutant") == 0) {
        if (!generated_mutant_switch_on(argv[2])) {
            fprintf(stderr, "%s: '%s' is not the name of a mutant\n", argv[0], argv[2]);
            return 2;
        }
        options = 2;
    }
    argv[options] = argv[0];
    return __real_main(argc - options, argv + options);
}
