/* The table of handles: names for descriptors, for attached and mapped memory, for semaphores, for channels,
 * for queues, and for ends of rings. */
#include "peer.h"

#include <errno.h>
#include <ipc_queue.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME_SIZE = 64, HANDLE_COUNT = 1024 };

struct handle {
    enum kind { VACANT, DESCRIPTOR, SEGMENT, SEMAPHORE, CHANNEL, QUEUE, RING } kind;
    char name[NAME_SIZE];
    int descriptor;
    struct segment segment;
    struct semaphore semaphore;
    struct channel *channel;
    struct ipc_queue queue;
    struct ipc_ring *ring;
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

void hold_semaphore(const char *name, struct semaphore semaphore) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = SEMAPHORE, .semaphore = semaphore};
    strlcpy(handle->name, name, sizeof handle->name);
}

void hold_channel(const char *name, struct channel *channel) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = CHANNEL, .channel = channel};
    strlcpy(handle->name, name, sizeof handle->name);
}

void hold_queue(const char *name, struct ipc_queue queue) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = QUEUE, .queue = queue};
    strlcpy(handle->name, name, sizeof handle->name);
}

void hold_ring(const char *name, struct ipc_ring *ring) {
    struct handle *handle = vacancy();
    *handle = (struct handle){.kind = RING, .ring = ring};
    strlcpy(handle->name, name, sizeof handle->name);
}

/* Refuses a list of names, joined by commas, of which one is no new handle's. */
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

static struct handle *held(struct call *call, const char *key, enum kind kind, const char *what) {
    const char *name = strcmp(key, "handle") != 0 || has(call, key) ? text(call, key) : "default";
    return held_as(call, name, kind, what);
}

int named_descriptor(struct call *call, const char *name) {
    return held_as(call, name, DESCRIPTOR, "descriptor")->descriptor;
}

int descriptor(struct call *call) {
    return held(call, "handle", DESCRIPTOR, "descriptor")->descriptor;
}

struct segment segment(struct call *call) {
    return held(call, "handle", SEGMENT, "segment")->segment;
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
    struct segment memory = held(call, key, SEGMENT, "segment")->segment;
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
    if (!is_backed(memory.address, size))
        fail(call, EFAULT);
    return memory.address;
}

struct semaphore semaphore(struct call *call, const char *key) {
    return held(call, key, SEMAPHORE, "semaphore")->semaphore;
}

struct channel *channel(struct call *call) {
    return held(call, "handle", CHANNEL, "channel")->channel;
}

struct ipc_queue named_queue(struct call *call, const char *name) {
    return held_as(call, name, QUEUE, "queue")->queue;
}

struct ipc_queue queue(struct call *call) {
    return held(call, "handle", QUEUE, "queue")->queue;
}

struct ipc_ring *ring(struct call *call) {
    return held(call, "handle", RING, "end of a ring")->ring;
}

/* The memory has moved, or has another size. */
void replace_segment(struct call *call, struct segment segment) {
    held(call, "handle", SEGMENT, "segment")->segment = segment;
}

/* The name may be taken again. */
void release(struct call *call) {
    const char *name = has(call, "handle") ? text(call, "handle") : "default";
    struct handle *handle = find(name);
    if (handle)
        handle->kind = VACANT;
}
