/* What the files of the peer share: a call (one request and its answer), the table of handles, payloads and
 * times.
 *
 * An operation reads its parameters first, performs its call, and adds what came of it to the answer. An
 * accessor that finds a parameter wrong marks the call `invalid` and returns something harmless, so an
 * operation asks once, after the last of them, whether it may go on. An answer that nobody touched is `ok`.
 */
#ifndef PEER_H
#define PEER_H

#include "ipc_channel.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>

enum {
    LINE_SIZE = 65536,   /* of a line with its line end */
    LITERAL_SIZE = 1024, /* the longest payload that is answered literally */
    FIELD_COUNT = 32,
};

struct field {
    char *key;
    char *value; /* decoded; a NUL stands behind it, and may stand in it */
    size_t length;
};

struct call {
    char *operation;
    struct field fields[FIELD_COUNT];
    size_t field_count;
    enum { OK, FAILED, INVALID, UNSUPPORTED } outcome;
    char answer[LINE_SIZE]; /* the fields of the answer, a space before each */
    size_t answer_length;
    bool answer_too_long;
};

struct operation {
    const char *name;
    const char *takes; /* the keys that it knows, a space between */
    void (*perform)(struct call *);
};

/* The tables of operations, each ended by a row without a name. A mechanism adds a line here, and its file.
 */
// clang-format off
#define MECHANISMS(table) \
    table(general) \
    table(abi) \
    table(signal) \
    table(pipe) \
    table(transfer) \
    table(record) \
    table(posix_mq) \
    table(sysv_shm) \
    table(sysv_sem) \
    table(sysv_msg) \
    table(memory_object) \
    table(mapping) \
    table(posix_sem) \
    table(socket) \
    table(message) \
    table(ancillary) \
    table(shared_mutex) \
    table(channel) \
    table(channel_series) \
    table(waiting) \
    table(many) \
    table(event) \
    table(shared_queue) \
    table(shared_queue_bulk) \
    table(stream) \
    table(socket_option) \
    table(shared_block) \
    table(ring) \
    table(ring_series) \
    table(ring_spoil)
// clang-format on
#define DECLARE(name) extern const struct operation name##_operations[];
MECHANISMS(DECLARE)

/* call.c: a request taken apart, an answer put together. */
void parse(struct call *, char *line, size_t length);
void check_keys(struct call *, const char *takes);
__attribute__((format(printf, 2, 3))) void refuse(struct call *, const char *reason, ...);
void fail(struct call *, int error);
void fail_in(struct call *, const char *function, int error);
void fail_after(struct call *, int error, ssize_t moved);
int blame(const char *function);
__attribute__((format(printf, 3, 4))) void answer(struct call *, const char *key, const char *format, ...);
void answer_bytes(struct call *, const char *key, const void *bytes, size_t length);

/* fields.c: parameters as values. Those that end in `_or` have a fallback; the others must be there. */
const struct field *field(const struct call *, const char *key);
bool has(const struct call *, const char *key);
const char *text(struct call *, const char *key);
long long number(struct call *, const char *key, long long least, long long most);
long long number_or(struct call *, const char *key, long long least, long long most, long long fallback);
uint64_t seed(struct call *, const char *key);
key_t ipc_key(struct call *, const char *key);
mode_t permissions(struct call *, const char *key);
mode_t permissions_or(struct call *, const char *key, mode_t fallback);
struct timespec seconds(struct call *, const char *key);
int signal_number(struct call *, const char *key);
bool retries(struct call *); /* eintr=retry */

/* flags.c: numbers by the names that the manual pages give them. A table ends with a row without a name. */
struct symbol {
    const char *name;
    long value;
};
/* The formatter's versions do not agree on braces in a macro. */
/* clang-format off */
#define SYMBOL(name) {#name, name}
/* clang-format on */
int one_of(struct call *, const char *key, const struct symbol *);
int flags(struct call *, const char *key, const struct symbol *);
int flags_or(struct call *, const char *key, const struct symbol *, int fallback);
bool parse_flags(const char *text, const struct symbol *, int *flags);
void spell_flags(char *text, size_t size, long flags, const struct symbol *);
void answer_flags(struct call *, const char *key, long flags, const struct symbol *);
const char *symbol_name(long value, const struct symbol *);

/* handles.c: what later requests refer to by name. A POSIX message queue is a descriptor as well: on Linux,
 * mqd_t is one, and poll(2) and fcntl(2) take it. */
struct segment {
    unsigned char *address;
    size_t size;
    bool read_only;
    bool mapped; /* by mmap(2), and not attached by shmat(2) */
};
/* What a mechanism holds under a name is a value of its own, which is copied into the table and stays where
 * it is until it is released. `held` finds it; what is not there, or of another kind, is refused, and zeros.
 */
union held {
    max_align_t alignment;
    unsigned char bytes[128];
};
#define HOLD(name, kind, value)                                                                              \
    do {                                                                                                     \
        _Static_assert(sizeof(value) <= sizeof(union held), "room in the table of handles");                 \
        hold_value(name, kind, &(value), sizeof(value));                                                     \
    } while (0)
void make_handles(void);
void hold_value(const char *name, const char *kind, const void *value, size_t size);
void end_reservations(void);
void *held(struct call *, const char *key, const char *kind);
void *held_by_name(struct call *, const char *name, const char *kind);
bool is_held(const char *name, const char *kind);
const char *new_handle(struct call *, const char *key);
void hold_descriptor(const char *name, int descriptor);
void hold_segment(const char *name, struct segment);
void new_handles(struct call *, const char *list);
int descriptor(struct call *);
int named_descriptor(struct call *, const char *name);
struct segment segment(struct call *);
struct segment rest(struct call *, const char *key, const char *offset, size_t least);
void *place(struct call *, const char *key, const char *offset, size_t size);
void replace_segment(struct call *, struct segment);
void release(struct call *);

/* payload.c: bytes that both sides of the contract can make and judge. */
struct payload {
    const void *bytes;
    size_t length;
};
struct expectation {
    bool has_pattern;
    uint64_t seed, offset;
};
enum { RECORD_HEADER = 16 };
void *scratch(struct call *, size_t size);
uint64_t pattern_word(uint64_t seed, uint64_t index);
void make_pattern(uint64_t seed, uint64_t offset, unsigned char *to, size_t length);
size_t first_difference(uint64_t seed, uint64_t offset, const unsigned char *bytes, size_t length);
struct payload payload(struct call *, const char *literal, const char *length);
struct expectation expectation(struct call *);
void answer_payload(struct call *, const char *key, struct expectation, const void *bytes, size_t length);
uint64_t digest(const void *bytes, size_t length);
struct digesting {
    uint64_t hash, length;
};
extern const struct digesting new_digesting;
void digest_more(struct digesting *, const void *bytes, size_t length);
uint64_t digest_end(const struct digesting *);
void make_pattern(uint64_t seed, uint64_t offset, unsigned char *to, size_t length);
size_t first_difference(uint64_t seed, uint64_t offset, const unsigned char *bytes, size_t length);
void make_record(unsigned char *record, size_t size, uint32_t writer, uint32_t sequence);
bool check_record(const unsigned char *record, size_t size, uint32_t *writer, uint32_t *sequence);

/* socket.c */
extern const struct symbol socket_types[];

/* address.c: where a socket is. */
struct address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_un un; /* the longest */
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};
struct address address(struct call *);
bool parse_internet(const char *text, struct address *);
void answer_address(struct call *, const struct address *);

/* message.c: how long a call on a socket waits, by the option of the socket that says so. */
struct socket_wait {
    int option;
    bool timed, retry, begun;
    ssize_t moved; /* by a call after which something else failed */
    struct timespec deadline;
};
struct socket_wait socket_wait(struct call *, int option);
bool begin_wait(struct socket_wait *, int fd);
bool end_wait(struct socket_wait *, int fd, ssize_t *result);

/* channel.c */
struct channel {
    struct ipc_channel stream;
    unsigned char *room; /* for the longest message: no allocation a message */
};
struct channel *channel(struct call *);
bool can_read(struct call *, const struct channel *);
bool can_write(struct call *, const struct channel *);

/* times.c */
struct timespec time_after(clockid_t, struct timespec span);
struct timespec time_left(struct timespec deadline);
bool pause_before(const struct timespec *deadline, struct timespec *backoff);
extern const struct timespec first_backoff;
/* How long a wait may take: until a deadline, so that one that begins again has only the rest of its time. */
struct patience {
    bool forever, retry;
    struct timespec deadline, left;
};
struct patience wait_of(struct call *);
struct patience optional_wait_of(struct call *);
const struct timespec *wait_end(const struct patience *);
const struct timespec *wait_left(struct patience *);
bool begins_again(const struct patience *, int result);

#endif
