/* Defects in the memory manager. Other programs do not have these functions, so the references are weak. */
#include "mutant.h"

#include "../services/memory/segments.h"

#include <fcntl.h>

#pragma weak __real_check_name
#pragma weak __real_may_pass_descriptor
#pragma weak __real_notify
#pragma weak __real_segment_access
#pragma weak __real_segment_create
#pragma weak __real_segment_is_attached
#pragma weak __real_segment_open
#pragma weak __real_segment_remove
#pragma weak __real_segments_tick
#pragma weak segment_limits
#pragma weak segment_totals

WRAPPED(check_name);
WRAPPED(may_pass_descriptor);
WRAPPED(notify);
WRAPPED(segment_access);
WRAPPED(segment_create);
WRAPPED(segment_is_attached);
WRAPPED(segment_open);
WRAPPED(segment_remove);
WRAPPED(segments_tick);

/* -- Access and descriptors -- */

int __wrap_segment_open(const struct segment *segment, enum access access) {
    /* The server duplicates its own descriptor, and trusts the client not to write. */
    return mutant("read-only-not-enforced") ? fcntl(segment->fd, F_DUPFD_CLOEXEC, 0)
                                            : __real_segment_open(segment, access);
}

enum access __wrap_segment_access(const struct segment *segment, uid_t user) {
    /* Every user of the service may write to every segment. */
    return mutant("segment-user-not-checked") ? READ_WRITE : __real_segment_access(segment, user);
}

bool __wrap_segment_is_attached(const struct segment *segment, const struct client *client) {
    /* A client can attach a segment any number of times. */
    return !mutant("attached-twice") && __real_segment_is_attached(segment, client);
}

bool __wrap_may_pass_descriptor(struct client *client) {
    /* A client that receives nothing can use up the descriptors for all clients. */
    return mutant("descriptors-unlimited") || __real_may_pass_descriptor(client);
}

bool __wrap_notify(struct client *client, const char *type, json_t *payload) {
    /* Clients are not notified that a segment was removed. */
    if (!mutant("removal-not-announced") || strcmp(type, "removed") != 0)
        return __real_notify(client, type, payload);
    json_decref(payload);
    return true;
}

/* -- Limits and names -- */

bool __wrap_check_name(struct client *client, const struct message *request, const char *name) {
    /* Any text is accepted as a name. */
    return mutant("name-not-checked") || __real_check_name(client, request, name);
}

static void loosen_limits(void) {
    static bool done;
    if (done)
        return;
    done = true;
    if (mutant("segment-limit-off-by-one"))
        segment_limits.segments++;
    if (mutant("total-limit-off-by-one"))
        segment_limits.bytes++;
    if (mutant("size-limit-off-by-one"))
        segment_limits.size++;
}

const char *__wrap_segment_create(struct client *client, const char *name, json_int_t size,
                                  enum access others, bool persistent) {
    loosen_limits();
    /* A size of 4 GiB and one byte becomes one byte. */
    if (mutant("segment-size-of-32-bits"))
        size = (uint32_t)size;
    /* A dead client's segments are never removed. */
    if (mutant("segment-outlives-creator"))
        persistent = true;
    return __real_segment_create(client, name, size, others, persistent);
}

/* -- Removal -- */

void __wrap_segment_remove(struct segment *segment, const char *reason, const struct client *requester) {
    const json_int_t bytes = segment_totals.bytes;
    /* The server no longer counts a removed segment, although its memory is still in use. */
    const json_int_t early = segment->attached > 0 && mutant("removed-segment-not-counted");
    const json_int_t size = segment->size;
    __real_segment_remove(segment, reason, requester);
    segment_totals.segments -= early;
    segment_totals.bytes -= early * size;
    /* The server still counts removed segments toward the limit. */
    if (mutant("total-kept-at-removal"))
        segment_totals.bytes = bytes;
}

int64_t __wrap_segments_tick(int64_t now) {
    return mutant("unused-segment-kept") ? INT64_MAX : __real_segments_tick(now);
}
