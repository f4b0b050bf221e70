/* The table of handles: names for descriptors, and for attached and mapped memory. */
#include "peer.h"

#include <string.h>

enum { NAME_SIZE = 64, HANDLE_COUNT = 1024 };

struct handle {
    enum kind { VACANT, DESCRIPTOR, SEGMENT } kind;
    char name[NAME_SIZE];
    int descriptor;
    struct segment segment;
};
static struct handle handles[HANDLE_COUNT];

static struct handle *find(const char *name) {
    for (struct handle *handle = handles; handle < handles + HANDLE_COUNT; handle++)
        if (handle->kind != VACANT && strcmp(handle->name, name) == 0)
            return handle;
    return NULL;
}

static struct handle *vacancy(void) {
    for (struct handle *handle = handles; handle < handles + HANDLE_COUNT; handle++)
        if (handle->kind == VACANT)
            return handle;
    return NULL;
}

/* The name that the request gives to what it is about to open. Asked before the call is made, whose effects
 * could be seen by others. */
const char *new_handle(struct call *call, const char *key) {
    const char *name = strcmp(key, "handle") != 0 || has(call, key) ? text(call, key) : "default";
    if (!*name || strlen(name) >= NAME_SIZE)
        refuse(call, "a handle has 1 to %d bytes", NAME_SIZE - 1);
    else if (find(name))
        refuse(call, "the handle '%s' is in use", name);
    else if (!vacancy())
        refuse(call, "there are %d handles already", HANDLE_COUNT);
    return name;
}

void hold_descriptor(const char *name, int descriptor) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = DESCRIPTOR, .descriptor = descriptor};
    strlcpy(handle->name, name, sizeof handle->name);
}

void hold_segment(const char *name, struct segment segment) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = SEGMENT, .segment = segment};
    strlcpy(handle->name, name, sizeof handle->name);
}

/* The same for a list of them, joined by commas. */
void check_new_handles(struct call *call, const char *list) {
    char name[NAME_SIZE];
    for (const char *end; call->outcome == OK; list = end + 1) {
        end = list + strcspn(list, ",");
        const size_t length = (size_t)(end - list);
        if (length == 0 || length >= NAME_SIZE) {
            refuse(call, "a handle has 1 to %d bytes", NAME_SIZE - 1);
            return;
        }
        strlcpy(name, list, length + 1);
        if (find(name))
            refuse(call, "the handle '%s' is in use", name);
        if (!*end)
            return;
    }
}

static struct handle *held_as(struct call *call, const char *name, enum kind kind, const char *what) {
    static struct handle none = {.descriptor = -1};
    struct handle *handle = find(name);
    if (handle && handle->kind == kind)
        return handle;
    refuse(call, "the handle '%.64s' is no %s", name, what);
    return &none;
}

static struct handle *held(struct call *call, enum kind kind, const char *what) {
    return held_as(call, has(call, "handle") ? text(call, "handle") : "default", kind, what);
}

int named_descriptor(struct call *call, const char *name) {
    return held_as(call, name, DESCRIPTOR, "descriptor")->descriptor;
}

int descriptor(struct call *call) {
    return held(call, DESCRIPTOR, "descriptor")->descriptor;
}

struct segment segment(struct call *call) {
    return held(call, SEGMENT, "segment")->segment;
}

/* The memory has moved, or has another size. */
void replace_segment(struct call *call, struct segment segment) {
    held(call, SEGMENT, "segment")->segment = segment;
}

/* The name may be taken again. */
void release(struct call *call) {
    const char *name = has(call, "handle") ? text(call, "handle") : "default";
    struct handle *handle = find(name);
    if (handle)
        handle->kind = VACANT;
}
