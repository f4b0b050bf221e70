/* Handles: names that later requests use to refer to descriptors, memory and IPC objects.
 *
 * A POSIX message queue is registered as a descriptor: on Linux, mqd_t is a descriptor that poll(2) and
 * fcntl(2) accept.
 */
#ifndef HANDLES_H
#define HANDLES_H

#include "call.h"

struct segment {
    unsigned char *address;
    size_t size;
    bool read_only;
    bool mapped; /* mapped by mmap(2), not attached by shmat(2) */
};

/* Room for the value of a handle of any kind. The value is copied into the table, and the copy keeps its
 * address until the handle is released. */
union handle_value {
    max_align_t alignment;
    unsigned char bytes[128];
};
#define PEER_REGISTER(name, kind, value)                                                                     \
    do {                                                                                                     \
        _Static_assert(sizeof(value) <= sizeof(union handle_value), "room in the table of handles");         \
        peer_register_value(name, kind, &(value), sizeof(value));                                            \
    } while (0)

void peer_create_handles(void);

/* An operation reserves the names of the objects that it creates before it makes the call, and then
 * registers them. */
const char *peer_new_handle(struct call *, const char *key);
void peer_new_handles(struct call *, const char *list);
void peer_register_value(const char *name, const char *kind, const void *value, size_t size);
void peer_register_descriptor(const char *name, int descriptor);
void peer_register_segment(const char *name, struct segment);
void peer_end_reservations(void);

/* If the handle does not exist or is of a different kind, the request is invalid, and all bytes of the value
 * are zero. */
void *peer_find_handle(struct call *, const char *key, const char *kind);
void *peer_find_handle_named(struct call *, const char *name, const char *kind);
bool peer_has_handle(const char *name, const char *kind);
int peer_descriptor(struct call *);
int peer_descriptor_named(struct call *, const char *name);
struct segment peer_segment(struct call *);
const void *peer_unchecked_memory(struct call *, size_t size);
struct segment peer_memory_from(struct call *, const char *key, const char *offset, size_t least);
void *peer_memory_at(struct call *, const char *key, const char *offset, size_t size);
void peer_replace_segment(struct call *, struct segment);
void peer_release_handle(struct call *);

#endif
