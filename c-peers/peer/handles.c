/* The table of handles: names for descriptors, for memory, and for whatever else a mechanism holds. */
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME_SIZE = 64, HANDLE_COUNT = 1024 };
static const char a_descriptor[] = "descriptor", a_segment[] = "segment", a_reservation[] = "reservation";

struct handle {
    const char *kind; /* NULL where there is none */
    char name[NAME_SIZE];
    union held held;
};
/* Behind the last one stands what is found where there is none: zeros. */
static struct handle *handles;
static int reservations;

/* Allocated memory has the type of what was stored in it last: a declared table would keep its own. */
void make_handles(void) {
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

static struct handle *vacancy(void) {
    for (struct handle *handle = handles; handle < handles + HANDLE_COUNT; handle++)
        if (!handle->kind)
            return handle;
    return NULL;
}

/* Keeps a place for what the request is about to open, under its name, until the request is answered. Asked
 * before the call is made, whose effects could be seen by others. */
static void reserve(struct call *call, const char *name) {
    struct handle *handle = vacancy();
    if (!*name || strlen(name) >= NAME_SIZE) {
        refuse(call, "a handle has 1 to %d bytes", NAME_SIZE - 1);
    } else if (find(name)) {
        refuse(call, "the handle '%s' is in use", name);
    } else if (!handle) {
        refuse(call, "there are %d handles already", HANDLE_COUNT);
    } else {
        handle->kind = a_reservation;
        strlcpy(handle->name, name, sizeof handle->name);
        reservations++;
    }
}

void end_reservations(void) {
    for (struct handle *handle = handles; reservations > 0; handle++)
        if (handle->kind == a_reservation) {
            handle->kind = NULL;
            reservations--;
        }
}

/* The name that the request gives to what it is about to open. */
const char *new_handle(struct call *call, const char *key) {
    const char *name = strcmp(key, "handle") != 0 || has(call, key) ? text(call, key) : "default";
    reserve(call, name);
    return name;
}

/* Under a name that is reserved. */
void hold_value(const char *name, const char *kind, const void *value, size_t size) {
    struct handle *handle = find(name);
    handle->kind = kind;
    memcpy(&handle->held, value, size);
    reservations--;
}

void hold_descriptor(const char *name, int descriptor) {
    HOLD(name, a_descriptor, descriptor);
}

void hold_segment(const char *name, struct segment segment) {
    HOLD(name, a_segment, segment);
}

/* The same of names that are joined by commas. */
void new_handles(struct call *call, const char *list) {
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

bool is_held(const char *name, const char *kind) {
    const struct handle *handle = find(name);
    return handle && strcmp(handle->kind, kind) == 0;
}

void *held_by_name(struct call *call, const char *name, const char *kind) {
    struct handle *handle = find(name);
    if (handle && strcmp(handle->kind, kind) == 0)
        return &handle->held;
    refuse(call, "the handle '%.64s' is no %s", name, kind);
    return &handles[HANDLE_COUNT].held;
}

void *held(struct call *call, const char *key, const char *kind) {
    const char *name = strcmp(key, "handle") != 0 || has(call, key) ? text(call, key) : "default";
    return held_by_name(call, name, kind);
}

int named_descriptor(struct call *call, const char *name) {
    const int *descriptor = held_by_name(call, name, a_descriptor);
    return call->outcome == OK ? *descriptor : -1;
}

int descriptor(struct call *call) {
    const int *descriptor = held(call, "handle", a_descriptor);
    return call->outcome == OK ? *descriptor : -1;
}

struct segment segment(struct call *call) {
    return *(struct segment *)held(call, "handle", a_segment);
}

/* Whether there is a page, and room for one, wherever the bytes lie: an object may be shorter than its
 * mapping. A kernel that cannot tell is believed. */
static bool is_backed(const unsigned char *address, size_t size) {
    const size_t before = (uintptr_t)address % (size_t)sysconf(_SC_PAGESIZE);
    return madvise((void *)(address - before), before + size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

/* The memory that the request names by `key`, from `offset` on, for something that is aligned as a long is.
 */
struct segment rest(struct call *call, const char *key, const char *offset, size_t least) {
    struct segment memory = *(struct segment *)held(call, key, a_segment);
    long long at = number_or(call, offset, INT64_MIN, INT64_MAX, 0);
    if (call->outcome != OK)
        return (struct segment){0};
    if (memory.read_only || at < 0 || (size_t)at > memory.size || least > memory.size - (size_t)at)
        fail(call, EFAULT);
    else if (at % 8 != 0)
        fail(call, EINVAL);
    return (struct segment){.address = memory.address + at, .size = memory.size - (size_t)at};
}

/* `size` bytes of it. */
void *place(struct call *call, const char *key, const char *offset, size_t size) {
    struct segment memory = rest(call, key, offset, size);
    if (call->outcome != OK)
        return memory.address;
    if (!is_backed(memory.address, size)) {
        if (errno == EFAULT)
            fail(call, EFAULT);
        else
            fail_in(call, "madvise", errno);
    }
    return memory.address;
}

/* The memory has moved, or has another size. */
void replace_segment(struct call *call, struct segment segment) {
    *(struct segment *)held(call, "handle", a_segment) = segment;
}

/* The name may be taken again. */
void release(struct call *call) {
    const char *name = has(call, "handle") ? text(call, "handle") : "default";
    struct handle *handle = find(name);
    if (handle)
        handle->kind = NULL;
}
