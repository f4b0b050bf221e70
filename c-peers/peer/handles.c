/* The table of handles: names for descriptors, for memory, and for whatever else a mechanism holds. */
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME_SIZE = 64, HANDLE_COUNT = 1024 };
static const char descriptor_kind[] = "descriptor", segment_kind[] = "segment",
                  reservation_kind[] = "reservation";

struct handle {
    const char *kind; /* NULL where there is none */
    char name[NAME_SIZE];
    union handle_value value;
};
/* Behind the last one stands what is found where there is none: zeros. */
static struct handle *handles;
static int reservations;

/* Allocated memory has the type of what was stored in it last: a declared table would keep its own. */
void peer_create_handles(void) {
    handles = calloc(HANDLE_COUNT + 1, sizeof *handles);
    if (!handles)
        err(EXIT_FAILURE, "calloc of %d handles", HANDLE_COUNT);
}

static struct handle *find(const char *name) {
    for (struct handle *handle = handles; handle < handles + HANDLE_COUNT; handle++)
        if (handle->kind && strcmp(handle->name, name) == 0)
            return handle;
    return NULL;
}

static struct handle *free_slot(void) {
    for (struct handle *handle = handles; handle < handles + HANDLE_COUNT; handle++)
        if (!handle->kind)
            return handle;
    return NULL;
}

/* Keeps a place for what the request is about to open, under its name, until the request is answered. Asked
 * before the call is made, whose effects could be seen by others. */
static void reserve(struct call *call, const char *name) {
    struct handle *handle = free_slot();
    if (!*name || strlen(name) >= NAME_SIZE) {
        peer_invalid_request(call, "a handle has 1 to %d bytes", NAME_SIZE - 1);
    } else if (find(name)) {
        peer_invalid_request(call, "the handle '%s' is in use", name);
    } else if (!handle) {
        peer_invalid_request(call, "there are %d handles already", HANDLE_COUNT);
    } else {
        handle->kind = reservation_kind;
        strlcpy(handle->name, name, sizeof handle->name);
        reservations++;
    }
}

void peer_end_reservations(void) {
    for (struct handle *handle = handles; reservations > 0; handle++)
        if (handle->kind == reservation_kind) {
            handle->kind = NULL;
            reservations--;
        }
}

/* The name that the request gives to what it is about to open. */
const char *peer_new_handle(struct call *call, const char *key) {
    const char *name = strcmp(key, "handle") != 0 || peer_has(call, key) ? peer_text(call, key) : "default";
    reserve(call, name);
    return name;
}

/* Under a name that is reserved. */
void peer_register_value(const char *name, const char *kind, const void *value, size_t size) {
    struct handle *handle = find(name);
    handle->kind = kind;
    memcpy(&handle->value, value, size);
    reservations--;
}

void peer_register_descriptor(const char *name, int descriptor) {
    PEER_REGISTER(name, descriptor_kind, descriptor);
}

void peer_register_segment(const char *name, struct segment segment) {
    PEER_REGISTER(name, segment_kind, segment);
}

/* The same of names that are joined by commas. */
void peer_new_handles(struct call *call, const char *list) {
    char name[NAME_SIZE + 1];
    for (const char *end; call->outcome == OK; list = end + 1) {
        end = list + strcspn(list, ",");
        const size_t length = (size_t)(end - list);
        strlcpy(name, list, length < sizeof name ? length + 1 : sizeof name);
        reserve(call, name);
        if (!*end)
            return;
    }
}

bool peer_has_handle(const char *name, const char *kind) {
    const struct handle *handle = find(name);
    return handle && strcmp(handle->kind, kind) == 0;
}

void *peer_find_handle_named(struct call *call, const char *name, const char *kind) {
    struct handle *handle = find(name);
    if (handle && strcmp(handle->kind, kind) == 0)
        return &handle->value;
    peer_invalid_request(call, "the handle '%.64s' is no %s", name, kind);
    return &handles[HANDLE_COUNT].value;
}

void *peer_find_handle(struct call *call, const char *key, const char *kind) {
    const char *name = strcmp(key, "handle") != 0 || peer_has(call, key) ? peer_text(call, key) : "default";
    return peer_find_handle_named(call, name, kind);
}

int peer_descriptor_named(struct call *call, const char *name) {
    const int *descriptor = peer_find_handle_named(call, name, descriptor_kind);
    return call->outcome == OK ? *descriptor : -1;
}

int peer_descriptor(struct call *call) {
    const int *descriptor = peer_find_handle(call, "handle", descriptor_kind);
    return call->outcome == OK ? *descriptor : -1;
}

struct segment peer_segment(struct call *call) {
    return *(struct segment *)peer_find_handle(call, "handle", segment_kind);
}

/* Whether there is a page, and room for one, wherever the bytes lie: an object may be shorter than its
 * mapping. A kernel that cannot tell is believed. */
static bool is_backed(const unsigned char *address, size_t size) {
    const size_t before = (uintptr_t)address % (size_t)sysconf(_SC_PAGESIZE);
    return madvise((void *)(address - before), before + size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

/* The memory that the request names by `key`, from `offset` on, for something that is aligned as a long is.
 */
struct segment peer_memory_from(struct call *call, const char *key, const char *offset, size_t least) {
    struct segment memory = *(struct segment *)peer_find_handle(call, key, segment_kind);
    long long at = peer_number_or(call, offset, INT64_MIN, INT64_MAX, 0);
    if (call->outcome != OK)
        return (struct segment){0};
    if (memory.read_only || at < 0 || (size_t)at > memory.size || least > memory.size - (size_t)at)
        peer_fail(call, EFAULT);
    else if (at % 8 != 0)
        peer_fail(call, EINVAL);
    return (struct segment){.address = memory.address + at, .size = memory.size - (size_t)at};
}

/* `size` bytes of it. */
void *peer_memory_at(struct call *call, const char *key, const char *offset, size_t size) {
    struct segment memory = peer_memory_from(call, key, offset, size);
    if (call->outcome != OK)
        return memory.address;
    if (!is_backed(memory.address, size)) {
        if (errno == EFAULT)
            peer_fail(call, EFAULT);
        else
            peer_fail_in(call, "madvise", errno);
    }
    return memory.address;
}

/* The memory has moved, or has another size. */
void peer_replace_segment(struct call *call, struct segment segment) {
    *(struct segment *)peer_find_handle(call, "handle", segment_kind) = segment;
}

/* The name may be taken again. */
void peer_release_handle(struct call *call) {
    const char *name = peer_has(call, "handle") ? peer_text(call, "handle") : "default";
    struct handle *handle = find(name);
    if (handle)
        handle->kind = NULL;
}
