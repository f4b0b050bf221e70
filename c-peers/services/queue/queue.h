/* The queue server's parts: the log (store.c), the queues with their messages (queues.c), and the
 * deliveries to clients (deliveries.c). */
#ifndef QUEUE_H
#define QUEUE_H

#include "../common/service.h"

/* -- The log (store.c) --
 *
 * A record is its length and its CRC-32, each a little-endian number of four bytes, and a JSON object. A
 * record is durable after store_commit. After a crash, the log may end with a part of the uncommitted
 * records.
 */

/* Opens or creates the log, calls `replay` for each record, and truncates it after the last complete record.
 * Exits if another server uses the log. Without a path, nothing is stored. */
void store_open(const char *path, void (*replay)(const json_t *record));

/* Adds a record. Takes ownership of it. */
void store_append(json_t *record);

/* Writes the records to the disk. Exits if that fails, before any reply is sent. */
void store_commit(void);

/* Whether most of the log may be obsolete. */
bool store_is_large(void);

/* Replaces the log with the records that `write_all` adds. */
void store_rewrite(void (*write_all)(void));

/* -- The queues (queues.c), and their deliveries (deliveries.c) -- */

struct queue_limits {
    unsigned queues, length;
    size_t bytes;
    unsigned retries;
    int64_t late; /* nanoseconds */
};
extern struct queue_limits limits;

enum priority { LOW, NORMAL, HIGH, CRITICAL };

struct queue;

/* Applies the change in a record to the state. */
void queues_replay(const json_t *record);

/* Adds records that describe the whole state. */
void queues_store_all(void);

/* Returns NULL if there is no such queue. */
struct queue *queue_find(const char *name);

/* Returns an error code, or NULL. */
const char *queue_create(const char *name);
const char *queue_publish(struct queue *queue, json_t *payload, enum priority priority, int64_t expires,
                          uint64_t *number);

/* Sets the maximum number of unacknowledged messages for a client. */
void queue_subscribe(struct queue *queue, struct client *client, unsigned credit);

/* Ends the delivery of a message to a client: the message is removed, or delivered again. Returns false if
 * the client does not have it. */
bool queue_acknowledge(struct client *client, uint64_t number);
bool queue_reject(struct client *client, uint64_t number);

json_t *queue_statistics(const struct queue *queue);
json_t *queue_names(void);

/* Returns a dead client's messages to their queues. */
void queues_forget(struct client *client);

/* Removes expired messages, returns overdue ones to their queues, and delivers messages to clients with
 * credit. Returns when to call it again. */
int64_t queues_tick(int64_t now);

#endif
