/* The table of handles. */
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
    const char *kind; /* NULL if the slot is free */
    char name[NAME_SIZE];
    union handle_value value;
};
/* A failed look-up returns the last element, which is all zeros. */
static struct handle *handles;
static int reservations;

/* The table is allocated, because stores can change the effective type of allocated memory, but not that of a
 * declared object. */
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

/* Reserves a slot, until the request ends, for the object that the request creates. Checks the name before
 * the call is made, because other processes may see the call's effects. */
static void reserve(struct call *call, const char *name) {
    struct handle *handle = free_slot();
    if (!*name || strlen(name) >= NAME_SIZE) {
        peer_invalid_request(call, "the name of a handle has 1 to %d bytes", NAME_SIZE - 1);
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

/* Reads the name for the object that the request creates, and reserves it. */
const char *peer_new_handle(struct call *call, const char *key) {
    const char *name = strcmp(key, "handle") != 0 || peer_has(call, key) ? peer_text(call, key) : "default";
    reserve(call, name);
    return name;
}

/* Requires that the name was reserved. */
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

/* Reserves each of the comma-separated names. */
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
    peer_invalid_request(call, "the handle '%.64s' is not a %s", name, kind);
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

/* Whether the bytes are backed by pages: an object may be shorter than its mapping. This is unknown on
 * kernels without MADV_POPULATE_WRITE. */
static bool is_backed(const unsigned char *address, size_t size) {
    const size_t before = (uintptr_t)address % (size_t)sysconf(_SC_PAGESIZE);
    return madvise((void *)(address - before), before + size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

/* Finds `size` bytes in the memory that the parameter `memory` names. The bytes need not be backed by pages:
 * the kernel reports missing pages. */
const void *peer_unchecked_memory(struct call *call, size_t size) {
    struct segment memory = *(struct segment *)peer_find_handle(call, "memory", segment_kind);
    long long at = peer_number_or(call, "at", INT64_MIN, INT64_MAX, 0);
    if (call->outcome != OK)
        return NULL;
    if (at < 0 || (unsigned long long)at > memory.size || size > memory.size - (size_t)at) {
        peer_fail(call, EFAULT);
        return NULL;
    }
    return memory.address + at;
}

/* Finds the memory that the parameter `key` names, from the offset that the parameter `offset` gives, which
 * must be a multiple of 8. At least `least` bytes must follow the offset. */
struct segment peer_memory_from(struct call *call, const char *key, const char *offset, size_t least) {
    struct segment memory = *(struct segment *)peer_find_handle(call, key, segment_kind);
    long long at = peer_number_or(call, offset, INT64_MIN, INT64_MAX, 0);
    if (call->outcome != OK)
        return (struct segment){0};
    if (memory.read_only || at < 0 || (unsigned long long)at > memory.size ||
        least > memory.size - (size_t)at)
        peer_fail(call, EFAULT);
    else if (at % 8 != 0)
        peer_fail(call, EINVAL);
    if (call->outcome != OK)
        return (struct segment){0};
    return (struct segment){.address = memory.address + at, .size = memory.size - (size_t)at};
}

/* Finds `size` bytes in the memory that the request names. */
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

/* Updates memory that has moved or changed size. */
void peer_replace_segment(struct call *call, struct segment segment) {
    *(struct segment *)peer_find_handle(call, "handle", segment_kind) = segment;
}

/* Releases the request's handle, so that its name can be reused. */
void peer_release_handle(struct call *call) {
    const char *name = peer_has(call, "handle") ? peer_text(call, "handle") : "default";
    struct handle *handle = find(name);
    if (handle)
        handle->kind = NULL;
}
