// The sandbox init: the first process of a sandbox. It starts the peers, reports how they end, reads their
// state from /proc, lists the kernel's objects, and kills all processes in the sandbox when it exits.
//
// It reads commands from standard input and writes responses to standard output, one line each, in the format
// of the peer protocol: words separated by a space, values percent-encoded. A command's response is any
// number of item lines ("object", "descriptor", "holder") followed by a line "ok" or "failed". Lines that
// begin with "ended" are events, and can arrive at any time. The sandbox init exits at end of input.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { MAX_ROLES = 64, MAX_KEPT = 64, MAX_LINE = 1 << 20, MAX_PASSED = 4, KEYS = 16 };

// The IDs of users, processes and System V objects are above 65,535, which exposes a peer that truncates
// them.
enum { PEER_ID = 100001, NARROW_PEER_ID = 60001, LAST_PID = 70000, FIRST_OBJECT_ID = 0x12340003 };

/// The user that a peer runs as.
enum user { PEER, ANOTHER_USER, ROOT };

/// The command line.
struct plan {
    bool private_sandbox;       // whether the sandbox has private namespaces; otherwise, it is on the host
    const char *token;          // the name prefix of every object that the cell creates
    int first_key;              // the first of the KEYS System V keys that belong to the cell
    char scratch[64];           // the peers' working directory, whose files are listed
    const char *keep[MAX_KEPT]; // directories and files that stay visible when /tmp is replaced
    int kept;
    const char **program; // the programs that peers execute, and the scripts that interpreters read
    int programs;
};

// lines.c
void reply(const char *kind);                        // begins a line
void reply_text(const char *key, const char *value); // adds a field
void reply_bytes(const char *key, const char *bytes, size_t length);
void reply_number(const char *key, long long value);
void reply_format(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_end(void); // sends the line
void reply_failure(const char *call,
                   const char *object); // sends a complete line: the call, its object, and errno
bool next_line(char **line); // returns false at end of input; *line is NULL if no line is complete yet
int next_descriptor(void);   // returns the next descriptor that came with a command, or -1
const char *field(const char *line, const char *key,
                  size_t *length); // returns a decoded value, valid until the next call
long long number_field(const char *line, const char *key, long long absent);

// namespaces.c
bool enter_sandbox(struct plan *plan); // reports failures; returns in the process that runs the sandbox
void raise_numbers(void);              // of the next process and of the first System V object of each kind

// renewal.c
// Renewing closes the descriptors that are opened after this call, and fails if limits have changed since.
void remember_own_state(void);
void renew(const struct plan *plan); // prepares a used sandbox for another cell

// queues.c
int mqueue_directory(void); // opens a directory that lists this IPC namespace's queues, or returns -1

// privileges.c
void choose_users(const struct plan *plan); // may clear the death signal, so call this before setting it
void protect_this_process(void);            // prevents the peers from tracing this process
uid_t peers_user(void);
bool can_run_as(enum user user);
void reply_users(void);                       // adds a field: the peers' user
const char *lower_privileges(enum user user); // called in the child; returns the call that failed, or NULL

// spawn.c
void remember_ignored_signals(void); // call this before the first spawn, after this process has set its
                                     // own signals
void spawn(const struct plan *plan, const char *line);

// features.c
void reply_features(void); // sends the features that scenarios can require, with an errno for a missing one

// process_features.c
int try_ended_pidfd(void);
int try_peer_pidfd(void);
int try_tracing(void);

// children.c
void expect_end(int role, pid_t pid);                             // remembers a peer until it is reaped
pid_t collect(const struct plan *plan, int *status, int options); // calls waitpid(2) for any child
void kill_everything(const struct plan *plan);

// process_state.c
void reply_process_state(const char *line);
void reply_transfers(const char *line);
void reply_wait(const char *line);
void reply_descriptors(const char *line);
void reply_holders(const char *line);
void take_descriptor(const char *line);
bool is_ending(long long pid);
ssize_t read_proc(long long pid, const char *name, char *text, size_t size);
unsigned long long status_mask(const char *status, const char *name);
bool read_command_name(long long pid, char *name, size_t size);

// shared_state.c
void reply_signal_state(long long pid);
void reply_status_flags(long long pid, const char *descriptor, const char *list);
bool is_killed(long long pid);

// snapshot.c
void prepare_snapshots(const struct plan *plan); // opens the file system of the IPC namespace's queues
bool can_list_queues(void);
void reply_snapshot(const struct plan *plan);

// files.c
void create_file(const struct plan *plan, const char *line); // creates a file in the scratch directory
void reply_file(const char *line);                           // sends the bytes of a file

// listeners.c
void reply_listeners(const struct plan *plan); // sends the names and ports of the peers' ready sockets

// walk.c
struct entry {
    int directory; // an open descriptor
    const char *name;
    const char *path; // relative to the root of the walk, with a leading slash
    const struct stat *status;
};
// Visits every entry below `root`. It does not use recursion, because a peer decides how deep its directories
// are. Enters the directories for which `visit` returns true, or none if `top_only`. Returns false if `root`,
// or an entry in it, cannot be read; errno is the reason.
bool walk(int root, bool top_only, bool (*visit)(const struct entry *entry, void *context), void *context);
void remove_tree(const char *path);

// cleanup.c
void clean_up(const struct plan *plan);
bool names_are_free(const struct plan *plan); // whether there is nothing for clean_up to remove

// segments.c: segments without a key, which are attributed to the process that created them
bool has_segments(pid_t creator);
void remember_segments(pid_t creator); // call this while no other process can have its ID
void remove_segments(void);            // removes the remembered segments
