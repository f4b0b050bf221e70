// wire-recorder FD COMMAND...: runs a command, and reports its processes' operations on IPC objects.
//
// It writes one line for each event to descriptor FD, in the format of the peer protocol: a word, then fields
// with percent-encoded values. The command does not inherit the descriptor.
// Sources/Harness/Recording/RoleTrace.swift reads them. Nothing in the traced processes is trusted: lengths
// are bounded, and memory that cannot be read is reported as such.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { OUTPUT = 3, MAX_PATH = 4096, MAX_PIECE = 16384, ID_SIZE = 48 };
// The maximum number of message and store bytes that are reported for all of a role's processes together.
static const size_t MAX_BYTES = 8 << 20;

/// A traced thread, and the system call that it is executing.
struct tracee {
    pid_t thread, process; // process: the ID of the thread group, which shares memory and descriptors
    bool in_call;
    long number;
    uint64_t arguments[6];
    long long since;     // when the call began, in nanoseconds of CLOCK_MONOTONIC
    bool existed;        // whether the object that the call creates existed before
    bool is_known;       // whether `existed` could be determined
    char path[MAX_PATH]; // for a call that removes or creates an object: its path on entry
    bool is_sharing, is_acquiring, is_releasing; // how the call orders accesses to shared memory
};

// lines.c
void event(const char *kind, pid_t process); // begins a line
void text_field(const char *key, const char *value);
void number_field(const char *key, long long value);
void octal_field(const char *key, unsigned value);
void bytes_field(const char *key, const void *bytes, size_t length);
void time_field(const struct tracee *tracee); // the time at which the current call began
void end_event(void);                         // sends the line
// Returns false once more than MAX_BYTES bytes were reported, after a "limit" event. Call this before
// `event`, because that event must not be written within another line.
bool spend(size_t bytes);

// memory.c
bool read_memory(const struct tracee *tracee, uint64_t address, void *bytes, size_t length);
size_t read_some(const struct tracee *tracee, uint64_t address, void *bytes, size_t length);
bool read_text(const struct tracee *tracee, uint64_t address, char *text, size_t size);
// Reads the path at `address`, and makes it absolute from `directory`. Returns false if there is no path.
bool read_path(const struct tracee *tracee, int64_t directory, uint64_t address, char *path);

// objects.c
void remember_standard_streams(void);                  // they belong to the runner, and are not reported
int take(const struct tracee *tracee, int descriptor); // returns a duplicate of a descriptor, or -1
// Identifies a descriptor's object, and reports a new object. Returns false if the object is not recorded.
bool identify(const struct tracee *tracee, int descriptor, char id[ID_SIZE]);
bool identify_path(const struct tracee *tracee, const char *path, char id[ID_SIZE]);
bool path_exists(const struct tracee *tracee, const char *path);
void address_field(const struct tracee *tracee, const char *key, const struct sockaddr *address,
                   socklen_t length);
void end_of_descriptor(const struct tracee *tracee, const char *key, int descriptor, bool peer);

// mappings.c
void note_mapping(const struct tracee *tracee, uint64_t address, uint64_t length, const char *id,
                  uint64_t offset);
void forget_mappings(pid_t process); // when a process ends, or before it executes another program
void copy_mappings(pid_t from, pid_t to);
void forget_mapping(const struct tracee *tracee, uint64_t address, uint64_t length);
bool find_mapping(pid_t process, uint64_t address, char id[ID_SIZE]);
bool has_mappings(pid_t process);
void report_stores(const struct tracee *tracee); // call this on entry to a call that orders accesses
void accept_stores(const struct tracee *tracee, bool acquired, bool released); // call this when it returns

// signals.c
// Returns the process that the current call sends a signal to, or -1.
pid_t signal_target(const struct tracee *tracee);
// Returns the number after `key` at the start of a line in a file in /proc, or `missing`.
pid_t number_in(const char *path, const char *key, pid_t missing);

// files.c, messages.c, signals.c, sysv.c: the calls
void enter_call(struct tracee *tracee);
void leave_call(struct tracee *tracee, int64_t result);
unsigned umask_of(const struct tracee *tracee);
bool enter_file_call(struct tracee *tracee);
bool leave_file_call(struct tracee *tracee, int64_t result);
bool leave_socket_call(struct tracee *tracee, int64_t result);
bool leave_message_call(struct tracee *tracee, int64_t result);
bool leave_signal_call(struct tracee *tracee);
bool enter_sysv_call(struct tracee *tracee);
bool leave_sysv_call(struct tracee *tracee, int64_t result);
