/* `--mutant NAME` as the first option selects one, and `--mutants` lists them. The program does not see
 * these options. */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern struct mutant __start_mutants[], __stop_mutants[]; /* defined by the linker */

/* A mutant that is checked in two places is in the list twice. */
static bool switch_on(const char *name) {
    bool found = false;
    for (struct mutant *mutant = __start_mutants; mutant < __stop_mutants; mutant++)
        if (strcmp(mutant->name, name) == 0)
            found = mutant->on = true;
    return found;
}

static void list(void) {
    for (struct mutant *mutant = __start_mutants; mutant < __stop_mutants; mutant++) {
        struct mutant *first = __start_mutants;
        while (strcmp(first->name, mutant->name) != 0)
            first++;
        if (first == mutant)
            puts(mutant->name);
    }
}

int main(int argc, char *argv[]);
int __real_main(int argc, char *argv[]);
int __wrap_main(int argc, char *argv[]);
int after_the_end(int status);

static ssize_t write_twice(void *unused, const char *bytes, size_t count) {
    (void)unused;
    for (int i = 0; i < 2; i++)
        if (write(STDOUT_FILENO, bytes, count) == -1)
            return -1;
    return (ssize_t)count;
}

/* Chooses where the program's output goes. */
static void choose_output(void) {
    if (mutant("prints-nothing"))
        stdout = fopen("/dev/null", "we");
    if (mutant("prints-errors-alone"))
        stdout = stderr;
    if (mutant("prints-twice"))
        stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_twice});
}

int __wrap_main(int argc, char *argv[]) {
    if (argc == 2 && strcmp(argv[1], "--mutants") == 0) {
        list();
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "--mutant") == 0) {
        if (argc == 2 || !switch_on(argv[2])) {
            fprintf(stderr, "%s: there is no mutant '%s'; --mutants lists them\n", argv[0],
                    argc > 2 ? argv[2] : "");
            return 2;
        }
        argv[2] = argv[0];
        argc -= 2;
        argv += 2;
    }
    choose_output();
    return after_the_end(__real_main(argc, argv));
}
