// The warden: the first process of a sandbox. It spawns peers, reports their ends, looks at them through
// /proc, counts the kernel's objects, and takes everything with it when it goes.
//
// It reads commands on standard input and answers on standard output, one line each, in the form of the peer
// contract: words separated by a space, values percent-encoded. Lines that begin with "ended" are events and
// come unasked. The end of its input is its order to go.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MAX_ROLES = 64, MAX_LINE = 1 << 20, KEYS = 16 };

/// What the command line said.
struct plan {
    bool private_sandbox; // in namespaces of its own; else among everybody's objects
    const char *token;    // begins the name of every message queue that the cell makes
    int first_key;        // of the KEYS System V keys that belong to the cell
    char scratch[64];     // the directory whose files are counted, and in which peers start
    const char *keep;     // a directory that must stay visible although /tmp is replaced, or NULL
    int roles;
    int stdio[MAX_ROLES][3]; // the ends that become standard input, output and error of each role
};

// wire.c: lines out and in
void say(const char *kind);                        // begins an answer
void say_text(const char *key, const char *value); // adds a field
void say_number(const char *key, long long value);
void say_list_item(const char *format, ...);            // adds an item to the list that say_list will send
void say_list(const char *key);                         // adds the items, separated by NUL
void say_end(void);                                     // sends the line
void say_failure(const char *call, const char *object); // a whole answer: what failed, on what, and errno
bool next_line(char **line); // false when the input has ended; *line is NULL when none is whole yet
const char *field(const char *line, const char *key,
                  size_t *length); // a value, decoded, until the next call with it
long long number_field(const char *line, const char *key, long long absent);

// sandbox.c
bool enter_sandbox(struct plan *plan); // on failure says why; returns in the process that is to be the warden

// queues.c
int mqueue_directory(void); // a descriptor of the queues of this IPC namespace; -1 when they cannot be seen

// spawn.c
void remember_ignored_signals(void); // before the first spawn, after this process has set its own
void spawn(const struct plan *plan, const char *line);

// ends.c
void expect_end(int role, pid_t pid);                             // a peer whose segments are the cell's
pid_t collect(const struct plan *plan, int *status, int options); // waitpid(2) of any child
void kill_everything(const struct plan *plan);

// look.c
void look(const char *line);
bool is_ending(long long pid);
void list_descriptors(const char *line);
void take_descriptor(const char *line);

// census.c
void remember_scratch(const struct plan *plan);
void census(const struct plan *plan);

// sweep.c
void sweep(const struct plan *plan);
bool names_are_free(const struct plan *plan); // nothing that sweep would remove is there yet

// segments.c: those without a key, which are found by who made them
bool has_segments(pid_t maker);
void remember_segments(pid_t maker); // while nobody else can have its number
void remove_segments(void);          // those that are remembered
