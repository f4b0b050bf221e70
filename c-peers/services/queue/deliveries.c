/* The queue server's deliveries: which client has which message, and until when. */
#include "item.h"

static TAILQ_HEAD(, delivery) deliveries = TAILQ_HEAD_INITIALIZER(deliveries);

static struct consumer *consumer(struct client *client) {
    if (!client->state) {
        struct consumer *state = client->state = allocate(sizeof *state);
        TAILQ_INIT(&state->subscriptions);
        TAILQ_INIT(&state->deliveries);
    }
    return client->state;
}

void queue_subscribe(struct queue *queue, struct client *client, unsigned credit) {
    struct subscription *subscription;
    TAILQ_FOREACH(subscription, &consumer(client)->subscriptions, of_client)
    if (subscription->queue == queue) {
        subscription->credit = credit;
        return;
    }
    subscription = allocate(sizeof *subscription);
    *subscription = (struct subscription){.queue = queue, .client = client, .credit = credit};
    TAILQ_INSERT_TAIL(&consumer(client)->subscriptions, subscription, of_client);
    TAILQ_INSERT_TAIL(&queue->subscriptions, subscription, of_queue);
}

/* Returns a message to its queue, or moves it to the dead-letter queue after too many attempts. */
static void put_back(struct item *item) {
    item->queue->delivered--;
    if (item->queue->dead && item->attempts > limits.retries) {
        store_append(json_pack("{sI}", "dead", (json_int_t)item->number));
        item_move_to_dead(item);
    } else {
        item->queue->redelivered++;
        item_put(item);
    }
}

static struct delivery *find_delivery(struct client *client, uint64_t number) {
    struct delivery *delivery;
    TAILQ_FOREACH(delivery, &consumer(client)->deliveries, of_client)
    if (delivery->number == number)
        return delivery;
    return NULL;
}

static void release(struct delivery *delivery) {
    struct subscription *subscription = delivery->subscription;
    subscription->used--;
    TAILQ_REMOVE(&consumer(subscription->client)->deliveries, delivery, of_client);
    if (delivery->item)
        TAILQ_REMOVE(&deliveries, delivery, all);
    free(delivery);
}

/* Ends a delivery. Returns its message, or NULL if the client has no such delivery or missed the deadline. */
static struct item *end_delivery(struct client *client, uint64_t number) {
    struct delivery *delivery = find_delivery(client, number);
    struct item *item = delivery ? delivery->item : NULL;
    if (delivery)
        release(delivery);
    return item;
}

bool queue_acknowledge(struct client *client, uint64_t number) {
    struct item *item = end_delivery(client, number);
    if (item) {
        item->queue->delivered--;
        item->queue->acknowledged++;
        item_remove(item);
    }
    return item;
}

bool queue_reject(struct client *client, uint64_t number) {
    struct item *item = end_delivery(client, number);
    if (item)
        put_back(item);
    return item;
}

void queues_forget(struct client *client) {
    struct consumer *state = client->state;
    if (!state)
        return;
    for (struct delivery *delivery; (delivery = TAILQ_FIRST(&state->deliveries));) {
        struct item *item = delivery->item;
        release(delivery);
        if (item)
            put_back(item);
    }
    for (struct subscription *each; (each = TAILQ_FIRST(&state->subscriptions));) {
        TAILQ_REMOVE(&state->subscriptions, each, of_client);
        TAILQ_REMOVE(&each->queue->subscriptions, each, of_queue);
        free(each);
    }
    free(state);
    client->state = NULL;
}

static void deliver(struct subscription *subscription, struct item *item) {
    static const char *const names[] = {"low", "normal", "high", "critical"};
    /* The client missed the deadline and receives the message again: only the new delivery counts. */
    struct delivery *late = find_delivery(subscription->client, item->number);
    if (late)
        release(late);
    struct delivery *delivery = allocate(sizeof *delivery);
    item_take(item);
    item->attempts++;
    item->queue->delivered++;
    subscription->used++;
    *delivery = (struct delivery){.item = item,
                                  .number = item->number,
                                  .subscription = subscription,
                                  .deadline = now_nanoseconds() + limits.late};
    TAILQ_INSERT_TAIL(&deliveries, delivery, all);
    TAILQ_INSERT_TAIL(&consumer(subscription->client)->deliveries, delivery, of_client);
    notify(subscription->client, "delivery",
           json_pack("{ss, sI, sO, ss, si}", "queue", item->queue->name, "message", (json_int_t)item->number,
                     "payload", item->payload, "priority", names[item->priority], "attempt",
                     (int)item->attempts));
}

/* Returns the client that has waited longest, and moves it to the end of the list. */
static struct subscription *next_subscription(struct queue *queue) {
    struct subscription *each;
    TAILQ_FOREACH(each, &queue->subscriptions, of_queue)
    if (each->used < each->credit && may_notify(each->client)) {
        TAILQ_REMOVE(&queue->subscriptions, each, of_queue);
        TAILQ_INSERT_TAIL(&queue->subscriptions, each, of_queue);
        return each;
    }
    return NULL;
}

static void deliver_all(void) {
    struct queue *queue;
    TAILQ_FOREACH(queue, &queues, link) {
        struct subscription *subscription;
        while (!RB_EMPTY(&queue->waiting) && (subscription = next_subscription(queue)))
            deliver(subscription, RB_MIN(by_priority, &queue->waiting));
    }
}

int64_t queues_tick(int64_t now) {
    const json_int_t today = now_milliseconds();
    struct item *item;
    while ((item = RB_MIN(by_expiry, &expiring)) && item->expires <= today) {
        item->queue->expired++;
        item_remove(item);
    }
    struct delivery *delivery;
    while ((delivery = TAILQ_FIRST(&deliveries)) && delivery->deadline <= now) {
        /* The credit stays used, so that the client does not receive more messages before it responds. */
        TAILQ_REMOVE(&deliveries, delivery, all);
        put_back(delivery->item);
        delivery->item = NULL;
    }
    deliver_all();
    item = RB_MIN(by_expiry, &expiring);
    delivery = TAILQ_FIRST(&deliveries);
    const int64_t expiry = item ? now + (item->expires - today) * 1000000 : INT64_MAX;
    return delivery && delivery->deadline < expiry ? delivery->deadline : expiry;
}
