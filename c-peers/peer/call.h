/* A call: one request, its parameters as values, and its response (call.c, parameters.c, flags.c).
 *
 * An operation reads its parameters first, performs its call, and adds the results to the response. An
 * accessor that finds an invalid parameter sets the outcome to INVALID and returns a harmless value, so an
 * operation checks the outcome once, after the last parameter. The outcome is OK unless it is changed.
 */
#ifndef CALL_H
#define CALL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
    LINE_SIZE = 65536,   /* the maximum length of a line, including the newline */
    LITERAL_SIZE = 1024, /* up to this length, a response has the payload instead of its digest */
    FIELD_COUNT = 32,
};

struct field {
    char *key;
    char *value; /* decoded and NUL-terminated; may also contain NULs */
    size_t length;
};

struct call {
    char *operation;
    struct field fields[FIELD_COUNT];
    size_t field_count;
    enum { OK, FAILED, INVALID, UNSUPPORTED } outcome;
    char response[LINE_SIZE]; /* the fields of the response, each after a space */
    size_t response_length;
    bool response_too_long;
};

struct operation {
    const char *name;
    const char *takes; /* the keys of its parameters, separated by spaces */
    void (*perform)(struct call *);
};

/* Requests and responses. */
void peer_perform(struct call *, char *line, size_t length);
extern const char *const peer_outcomes[];
void peer_parse(struct call *, char *line, size_t length);
void peer_check_keys(struct call *, const char *takes);
__attribute__((format(printf, 2, 3))) void peer_invalid_request(struct call *, const char *reason, ...);
void peer_unrepresentable(struct call *, const char *type);
void peer_fail(struct call *, int error);
void peer_fail_in(struct call *, const char *function, int error);
void peer_fail_after(struct call *, int error, ssize_t transferred);
int peer_set_failed_call(const char *function);
int peer_set_default_failed_call(const char *function);
__attribute__((format(printf, 3, 4))) void peer_reply(struct call *, const char *key, const char *format,
                                                      ...);
void peer_reply_bytes(struct call *, const char *key, const void *bytes, size_t length);

/* Parameters. Accessors whose names end in `_or` have a default; the other parameters are required. */
const struct field *peer_field(const struct call *, const char *key);
bool peer_has(const struct call *, const char *key);
const char *peer_text(struct call *, const char *key);
long long peer_parse_number(const char *text, long long least, long long most, const char **wrong);
long long peer_number(struct call *, const char *key, long long least, long long most);
long long peer_number_or(struct call *, const char *key, long long least, long long most, long long fallback);
long peer_long_or(struct call *, const char *key, long fallback);
off_t peer_offset(struct call *, const char *key, long long least);
size_t peer_size(struct call *, const char *key);
uint64_t peer_seed(struct call *, const char *key);
key_t peer_key(struct call *, const char *key);
mode_t peer_mode(struct call *, const char *key);
mode_t peer_mode_or(struct call *, const char *key, mode_t fallback);
struct timespec peer_seconds(struct call *, const char *key);
void peer_replace_nanoseconds(struct call *, struct timespec *);
int peer_signal(struct call *, const char *key);
int peer_sent_signal(struct call *);
sigset_t peer_signal_set(struct call *, const char *key);
bool peer_retries(struct call *); /* whether the request has eintr=retry */
bool peer_exact(struct call *);   /* whether the request has exact=yes */
bool peer_is_set(struct call *, const char *key);

/* A number and its name in the manual pages. A table ends with a row without a name. */
struct symbol {
    const char *name;
    long value;
};
/* Versions of clang-format differ on braces in a macro. */
/* clang-format off */
#define SYMBOL(name) {#name, name}
/* clang-format on */
int peer_symbol(struct call *, const char *key, const struct symbol *);
int peer_symbol_or(struct call *, const char *key, const struct symbol *, int fallback);
int peer_flags(struct call *, const char *key, const struct symbol *);
int peer_flags_or(struct call *, const char *key, const struct symbol *, int fallback);
bool peer_parse_flags(const char *text, const struct symbol *, int *flags);
void peer_format_flags(char *text, size_t size, long flags, const struct symbol *);
void peer_reply_flags(struct call *, const char *key, long flags, const struct symbol *);
const char *peer_symbol_name(long value, const struct symbol *);

#endif
