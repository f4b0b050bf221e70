/* Destructors, atexit handlers and resource trackers that remove an object when a process exits, although the
 * process has only opened the object. */
#include "mutant.h"

#include <stdlib.h>
#include <string.h>

static int (*remove_name)(const char *);
static char opened_name[256];
static int (*remove_identifier)(int);
static int opened_identifier;

static void remove_opened(void) {
    if (remove_name)
        remove_name(opened_name);
    if (remove_identifier)
        remove_identifier(opened_identifier);
}

void remove_at_exit(int (*remove)(const char *), const char *name) {
    remove_name = remove;
    strncpy(opened_name, name, sizeof opened_name - 1);
    atexit(remove_opened);
}

void remove_identifier_at_exit(int (*remove)(int), int identifier) {
    remove_identifier = remove;
    opened_identifier = identifier;
    atexit(remove_opened);
}
