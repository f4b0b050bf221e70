/* Mutants generated from a table of calls. */
#pragma once

#include <stdbool.h>

/* Enables the mutant with this name, such as `read:arg3:plus-1`. Returns false if the name is unknown. */
bool generated_mutant_switch_on(const char *name);

/* Starts writing `reached NAME` to standard error for each mutant that would change a call. */
void generated_mutant_record(void);
