/* `--fault NAME` before anything else, and `--faults` for their names. The program does not see them. */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern struct fault __start_faults[], __stop_faults[]; /* made by the linker */

/* A fault with two places is there twice. */
static bool switch_on(const char *name) {
    bool found = false;
    for (struct fault *fault = __start_faults; fault < __stop_faults; fault++)
        if (strcmp(fault->name, name) == 0)
            found = fault->on = true;
    return found;
}

static void list(void) {
    for (struct fault *fault = __start_faults; fault < __stop_faults; fault++) {
        struct fault *first = __start_faults;
        while (strcmp(first->name, fault->name) != 0)
            first++;
        if (first == fault)
            puts(fault->name);
    }
}

int main(int argc, char *argv[]);
int __real_main(int argc, char *argv[]);
int __wrap_main(int argc, char *argv[]);
int after_the_end(int status);

int __wrap_main(int argc, char *argv[]) {
    if (argc == 2 && strcmp(argv[1], "--faults") == 0) {
        list();
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "--fault") == 0) {
        if (argc == 2 || !switch_on(argv[2])) {
            fprintf(stderr, "%s: there is no fault '%s'; --faults lists them\n", argv[0],
                    argc > 2 ? argv[2] : "");
            return 2;
        }
        argv[2] = argv[0];
        argc -= 2;
        argv += 2;
    }
    return after_the_end(__real_main(argc, argv));
}
