/* The messages, queues and deliveries that queues.c and deliveries.c share. */
#ifndef ITEM_H
#define ITEM_H

#include "queue.h"

#include <sys/tree.h>

#define DEAD_SUFFIX ".dead"

struct item {
    RB_ENTRY(item) by_number, by_priority, by_expiry;
    uint64_t number;
    enum priority priority;
    int64_t expires; /* milliseconds since 1970; 0 means never */
    unsigned attempts;
    json_t *payload;
    size_t size;
    struct queue *queue;
    bool waiting;
};

/* A message that a client has received but not acknowledged. */
struct delivery {
    TAILQ_ENTRY(delivery) all, of_client;
    struct item *item; /* NULL if the deadline has passed: the message is back in its queue */
    uint64_t number;
    struct subscription *subscription;
    int64_t deadline;
};

struct subscription {
    TAILQ_ENTRY(subscription) of_queue, of_client;
    struct queue *queue;
    struct client *client;
    unsigned credit, used;
};

/* A client's state. */
struct consumer {
    TAILQ_HEAD(, subscription) subscriptions;
    TAILQ_HEAD(, delivery) deliveries;
};

RB_HEAD(by_number, item);
RB_HEAD(by_priority, item);
RB_HEAD(by_expiry, item);

struct queue {
    TAILQ_ENTRY(queue) link;
    char name[NAME_LIMIT + sizeof DEAD_SUFFIX];
    struct queue *dead; /* NULL for a dead-letter queue */
    struct by_priority waiting;
    TAILQ_HEAD(, subscription) subscriptions;
    json_int_t waiting_count, delivered, published, acknowledged, redelivered, expired, died;
};

RB_PROTOTYPE(by_priority, item, by_priority, )
RB_PROTOTYPE(by_expiry, item, by_expiry, )

TAILQ_HEAD(queue_list, queue);
extern struct queue_list queues;
extern struct by_expiry expiring; /* only waiting messages */

/* Adds a message to the waiting messages in its queue. */
void item_put(struct item *item);
/* Removes a message from the waiting messages. */
void item_take(struct item *item);
/* Deletes a message, including from the log. */
void item_remove(struct item *item);
/* Moves a message to the dead letters of its queue. */
void item_move_to_dead(struct item *item);

/* Returns zeroed memory. Exits if there is none. */
void *allocate(size_t size);

#endif
