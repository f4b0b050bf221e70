/* A memory server's segments, and the clients that have attached them. A removed segment no longer has a
 * name, but counts as used until the last client detaches it. */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include "../common/service.h"

/* A client's access to a segment, in ascending order. */
enum access { NO_ACCESS, READ_ONLY, READ_WRITE };

struct segment {
    TAILQ_ENTRY(segment) link;
    char name[NAME_LIMIT + 1];
    json_int_t size;
    uid_t user;
    enum access others;     /* other users' access */
    struct client *creator; /* NULL after it has disconnected */
    bool persistent, removed;
    int fd;
    TAILQ_HEAD(, attachment) attachments;
    unsigned attached;
    int64_t unused_since; /* valid if no client has attached it */
};

/* `unused` is in nanoseconds. */
extern struct segment_limits {
    unsigned segments;
    json_int_t size, bytes;
    int64_t unused;
} segment_limits;

extern struct segment_totals { json_int_t segments, bytes, attached, created, removed; } segment_totals;

/* Returns NULL if there is no segment with this name. */
struct segment *segment_find(const char *name);

/* Creates a segment. Returns NULL, or an error code; with the code `failed`, errno has the reason. */
const char *segment_create(struct client *client, const char *name, json_int_t size, enum access others,
                           bool persistent);

/* Returns what a user may do with a segment. */
enum access segment_access(const struct segment *segment, uid_t user);

/* Returns a descriptor with this access, or -1 with errno. The caller closes it. */
int segment_open(const struct segment *segment, enum access access);

bool segment_is_attached(const struct segment *segment, const struct client *client);

/* Returns the attachment's number. Numbers are never reused. */
uint64_t segment_attach(struct segment *segment, struct client *client);

/* Returns false if the client does not have this attachment. */
bool segment_detach(struct client *client, uint64_t number);

/* Removes the name of a segment, and notifies its creator and its users, except the client that requested the
 * removal. */
void segment_remove(struct segment *segment, const char *reason, const struct client *requester);

/* Detaches everything from a client that has disconnected, and removes the segments that it created. */
void segments_forget(struct client *client);

/* Removes segments that have been unused for too long. Returns when to call it again, or INT64_MAX. */
int64_t segments_tick(int64_t now);

/* Returns the names of all segments, the oldest first. */
json_t *segment_names(void);

#endif
