/* A memory server's segments: sealed memory without a file, passed to clients as descriptors. */
#include "segments.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

struct attachment {
    TAILQ_ENTRY(attachment) of_client, of_segment;
    uint64_t number;
    struct segment *segment;
    struct client *client;
};

/* A client's state. */
TAILQ_HEAD(attachments, attachment);

struct segment_limits segment_limits = {
    .segments = 64, .size = 64 << 20, .bytes = 256 << 20, .unused = INT64_MAX};
struct segment_totals segment_totals;

static TAILQ_HEAD(, segment) segments = TAILQ_HEAD_INITIALIZER(segments);

static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

/* -- Memory -- */

static int seal(int fd, json_int_t size) {
    /* Reserve the memory, so that an access cannot raise SIGBUS for lack of memory. */
    while (fallocate(fd, 0, 0, (off_t)size) == -1)
        if (errno != EINTR)
            return -1;
    /* This mode prevents a client from reopening a read-only descriptor for writing through /proc/self/fd. */
    if (fchmod(fd, S_IRUSR) == -1)
        return -1;
    /* Seal the size, so that an access cannot raise SIGBUS because a client shrank the memory. */
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static int new_memory(const char *name, json_int_t size) {
    const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd == -1 || seal(fd, size) == 0)
        return fd;
    const int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int segment_open(const struct segment *segment, enum access access) {
    if (access == READ_WRITE)
        return fcntl(segment->fd, F_DUPFD_CLOEXEC, 0);
    /* A duplicate would have the same access. Opening the memory again creates a separate open file
     * description, with separate access. */
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", segment->fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* -- Segments -- */

struct segment *segment_find(const char *name) {
    struct segment *segment;
    TAILQ_FOREACH(segment, &segments, link)
    if (!segment->removed && strcmp(segment->name, name) == 0)
        return segment;
    return NULL;
}

const char *segment_create(struct client *client, const char *name, json_int_t size, enum access others,
                           bool persistent) {
    if (size > segment_limits.size)
        return "too-large";
    if (segment_find(name))
        return "exists";
    if (segment_totals.segments >= segment_limits.segments ||
        size > segment_limits.bytes - segment_totals.bytes)
        return "limit";
    const int fd = new_memory(name, size);
    if (fd == -1)
        return "failed";
    struct segment *segment = allocate(sizeof *segment);
    *segment = (struct segment){.size = size,
                                .user = client->peer.uid,
                                .others = others,
                                .creator = client,
                                .persistent = persistent,
                                .fd = fd,
                                .unused_since = now_nanoseconds()};
    strlcpy(segment->name, name, sizeof segment->name);
    TAILQ_INIT(&segment->attachments);
    TAILQ_INSERT_TAIL(&segments, segment, link);
    segment_totals.segments++;
    segment_totals.bytes += size;
    segment_totals.created++;
    return NULL;
}

enum access segment_access(const struct segment *segment, uid_t user) {
    return user == segment->user ? READ_WRITE : segment->others;
}

json_t *segment_names(void) {
    json_t *names = json_array();
    struct segment *segment;
    TAILQ_FOREACH(segment, &segments, link)
    if (!segment->removed)
        json_array_append_new(names, json_string(segment->name));
    return names;
}

/* Frees a removed segment that no client has attached. */
static void free_if_unused(struct segment *segment) {
    if (!segment->removed || segment->attached > 0)
        return;
    TAILQ_REMOVE(&segments, segment, link);
    segment_totals.segments--;
    segment_totals.bytes -= segment->size;
    close(segment->fd);
    free(segment);
}

static void tell_removed(struct client *client, const struct segment *segment, const char *reason) {
    notify(client, "removed", json_pack("{ss, ss}", "segment", segment->name, "reason", reason));
}

void segment_remove(struct segment *segment, const char *reason, const struct client *requester) {
    const struct attachment *each;
    TAILQ_FOREACH(each, &segment->attachments, of_segment)
    if (each->client != requester)
        tell_removed(each->client, segment, reason);
    if (segment->creator && segment->creator != requester && !segment_is_attached(segment, segment->creator))
        tell_removed(segment->creator, segment, reason);
    segment->removed = true;
    segment_totals.removed++;
    free_if_unused(segment);
}

/* -- Attachments -- */

static struct attachments *attachments(struct client *client) {
    if (!client->state) {
        struct attachments *state = client->state = allocate(sizeof *state);
        TAILQ_INIT(state);
    }
    return client->state;
}

bool segment_is_attached(const struct segment *segment, const struct client *client) {
    const struct attachment *each;
    TAILQ_FOREACH(each, &segment->attachments, of_segment)
    if (each->client == client)
        return true;
    return false;
}

uint64_t segment_attach(struct segment *segment, struct client *client) {
    static uint64_t last_number;
    struct attachment *attachment = allocate(sizeof *attachment);
    *attachment = (struct attachment){.number = ++last_number, .segment = segment, .client = client};
    TAILQ_INSERT_TAIL(attachments(client), attachment, of_client);
    TAILQ_INSERT_TAIL(&segment->attachments, attachment, of_segment);
    segment->attached++;
    segment_totals.attached++;
    return attachment->number;
}

static void release(struct attachment *attachment) {
    struct segment *segment = attachment->segment;
    TAILQ_REMOVE(attachments(attachment->client), attachment, of_client);
    TAILQ_REMOVE(&segment->attachments, attachment, of_segment);
    free(attachment);
    segment->attached--;
    segment->unused_since = now_nanoseconds();
    segment_totals.attached--;
    free_if_unused(segment);
}

bool segment_detach(struct client *client, uint64_t number) {
    struct attachment *each;
    TAILQ_FOREACH(each, attachments(client), of_client)
    if (each->number == number) {
        release(each);
        return true;
    }
    return false;
}

void segments_forget(struct client *client) {
    for (struct attachment *each; (each = TAILQ_FIRST(attachments(client)));)
        release(each);
    free(client->state);
    client->state = NULL;
    struct segment *segment, *next;
    TAILQ_FOREACH_SAFE(segment, &segments, link, next)
    if (segment->creator == client) {
        segment->creator = NULL;
        if (!segment->persistent && !segment->removed)
            segment_remove(segment, "creator", NULL);
    }
}

int64_t segments_tick(int64_t now) {
    int64_t due = INT64_MAX;
    if (segment_limits.unused == INT64_MAX)
        return due;
    struct segment *segment, *next;
    TAILQ_FOREACH_SAFE(segment, &segments, link, next)
    if (segment->attached == 0) {
        const int64_t end = segment->unused_since + segment_limits.unused;
        if (end <= now)
            segment_remove(segment, "unused", NULL);
        else
            due = MIN(due, end);
    }
    return due;
}
