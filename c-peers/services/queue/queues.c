/* The queues of the queue server: their messages, subscriptions and deliveries. */
#include "queue.h"

#include <sys/tree.h>

struct queue_limits limits = {
    .queues = 64, .length = 10000, .bytes = 256 << 20, .retries = 3, .late = 30000000000};

static const char dead_suffix[] = ".dead";

struct item {
    RB_ENTRY(item) by_number, by_priority, by_expiry;
    uint64_t number;
    enum priority priority;
    int64_t expires; /* milliseconds since 1970; 0 is never */
    unsigned attempts;
    json_t *payload;
    size_t size;
    struct queue *queue;
    bool waiting;
};

/* A message that a client has and has not acknowledged. */
struct delivery {
    TAILQ_ENTRY(delivery) all, of_client;
    struct item *item; /* NULL if the client was late: the message is back in its queue */
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

/* The state of a client. */
struct consumer {
    TAILQ_HEAD(, subscription) subscriptions;
    TAILQ_HEAD(, delivery) deliveries;
};

RB_HEAD(by_number, item);
RB_HEAD(by_priority, item);
RB_HEAD(by_expiry, item);

struct queue {
    TAILQ_ENTRY(queue) link;
    char name[NAME_LIMIT + sizeof dead_suffix];
    struct queue *dead; /* NULL if it is a queue of dead letters itself */
    struct by_priority waiting;
    TAILQ_HEAD(, subscription) subscriptions;
    json_int_t waiting_count, delivered, published, acknowledged, redelivered, expired, died;
};

static int compare(uint64_t left, uint64_t right) {
    return left < right ? -1 : left > right;
}

static int compare_numbers(struct item *left, struct item *right) {
    return compare(left->number, right->number);
}

/* Higher priorities come first; within a priority, older messages come first, even if they are redelivered.
 * */
static int compare_priorities(struct item *left, struct item *right) {
    const int order = compare(right->priority, left->priority);
    return order ? order : compare_numbers(left, right);
}

static int compare_expiries(struct item *left, struct item *right) {
    const int order = compare((uint64_t)left->expires, (uint64_t)right->expires);
    return order ? order : compare_numbers(left, right);
}

RB_GENERATE(by_number, item, by_number, compare_numbers)
RB_GENERATE(by_priority, item, by_priority, compare_priorities)
RB_GENERATE(by_expiry, item, by_expiry, compare_expiries)

static TAILQ_HEAD(, queue) queues = TAILQ_HEAD_INITIALIZER(queues);
static TAILQ_HEAD(, delivery) deliveries = TAILQ_HEAD_INITIALIZER(deliveries);
static struct by_number items = RB_INITIALIZER(&items);
static struct by_expiry expiring = RB_INITIALIZER(&expiring); /* only waiting messages */
static uint64_t last_number;
static unsigned queue_count;
static size_t total_bytes;

static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

/* -- Messages -- */

static void put(struct item *item) {
    RB_INSERT(by_priority, &item->queue->waiting, item);
    if (item->expires > 0)
        RB_INSERT(by_expiry, &expiring, item);
    item->waiting = true;
    item->queue->waiting_count++;
}

static void take(struct item *item) {
    RB_REMOVE(by_priority, &item->queue->waiting, item);
    if (item->expires > 0)
        RB_REMOVE(by_expiry, &expiring, item);
    item->waiting = false;
    item->queue->waiting_count--;
}

static void add(struct queue *queue, uint64_t number, json_t *payload, size_t size, enum priority priority,
                int64_t expires) {
    struct item *item = allocate(sizeof *item);
    *item = (struct item){.number = number,
                          .priority = priority,
                          .expires = expires,
                          .payload = json_incref(payload),
                          .size = size,
                          .queue = queue};
    RB_INSERT(by_number, &items, item);
    total_bytes += size;
    put(item);
}

static void drop(struct item *item) {
    if (item->waiting)
        take(item);
    RB_REMOVE(by_number, &items, item);
    total_bytes -= item->size;
    json_decref(item->payload);
    free(item);
}

static void move_to_dead(struct item *item) {
    item->queue->died++;
    if (item->waiting)
        take(item);
    item->queue = item->queue->dead;
    item->attempts = 0;
    item->expires = 0;
    put(item);
}

/* -- Queues -- */

struct queue *queue_find(const char *name) {
    struct queue *queue;
    TAILQ_FOREACH(queue, &queues, link)
    if (strcmp(queue->name, name) == 0)
        return queue;
    return NULL;
}

static struct queue *new_queue(const char *name, const char *suffix) {
    struct queue *queue = allocate(sizeof *queue);
    snprintf(queue->name, sizeof queue->name, "%s%s", name, suffix);
    RB_INIT(&queue->waiting);
    TAILQ_INIT(&queue->subscriptions);
    TAILQ_INSERT_TAIL(&queues, queue, link);
    return queue;
}

static void add_queue(const char *name) {
    struct queue *queue = new_queue(name, "");
    queue->dead = new_queue(name, dead_suffix);
    queue_count++;
}

const char *queue_create(const char *name) {
    const size_t length = strlen(name), suffix = strlen(dead_suffix);
    if (length >= suffix && strcmp(name + length - suffix, dead_suffix) == 0)
        return "invalid-payload";
    if (queue_find(name))
        return "exists";
    if (queue_count >= limits.queues)
        return "limit";
    add_queue(name);
    store_append(json_pack("{ss}", "create", name));
    return NULL;
}

const char *queue_publish(struct queue *queue, json_t *payload, enum priority priority, int64_t expires,
                          uint64_t *number) {
    char *text = json_text(payload);
    const size_t size = strlen(text);
    free(text);
    /* The other members of a delivery need room. */
    if (size > MESSAGE_LIMIT - 1024)
        return "too-large";
    if (queue->waiting_count + queue->delivered >= limits.length || total_bytes + size > limits.bytes)
        return "limit";
    *number = ++last_number;
    add(queue, *number, payload, size, priority, expires);
    queue->published++;
    store_append(json_pack("{sI, ss, sO, si, sI}", "publish", (json_int_t)*number, "queue", queue->name,
                           "payload", payload, "priority", priority, "expires", (json_int_t)expires));
    return NULL;
}

json_t *queue_statistics(const struct queue *queue) {
    json_int_t subscribers = 0;
    struct subscription *each;
    TAILQ_FOREACH(each, &queue->subscriptions, of_queue) subscribers++;
    return json_pack("{sI, sI, sI, sI, sI, sI, sI, sI}", "waiting", queue->waiting_count, "delivered",
                     queue->delivered, "published", queue->published, "acknowledged", queue->acknowledged,
                     "redelivered", queue->redelivered, "expired", queue->expired, "dead", queue->died,
                     "subscribers", subscribers);
}

json_t *queue_names(void) {
    json_t *names = json_array();
    struct queue *queue;
    TAILQ_FOREACH(queue, &queues, link) json_array_append_new(names, json_string(queue->name));
    return names;
}

/* -- Records -- */

void queues_replay(const json_t *record) {
    const char *name = json_string_value(json_object_get(record, "create"));
    const char *queue_name = json_string_value(json_object_get(record, "queue"));
    const json_int_t published = json_integer_value(json_object_get(record, "publish"));
    json_t *payload = json_object_get(record, "payload");
    struct queue *queue = queue_name ? queue_find(queue_name) : NULL;
    if (name && !queue_find(name))
        add_queue(name);
    if (published > 0 && queue && payload) {
        char *text = json_text(payload);
        last_number = (uint64_t)published > last_number ? (uint64_t)published : last_number;
        add(queue, (uint64_t)published, payload, strlen(text),
            (enum priority)json_integer_value(json_object_get(record, "priority")),
            json_integer_value(json_object_get(record, "expires")));
        free(text);
    }
    const json_int_t last = json_integer_value(json_object_get(record, "last"));
    last_number = last > 0 && (uint64_t)last > last_number ? (uint64_t)last : last_number;
    struct item removed = {.number = (uint64_t)json_integer_value(json_object_get(record, "remove"))};
    struct item dead = {.number = (uint64_t)json_integer_value(json_object_get(record, "dead"))};
    struct item *found = RB_FIND(by_number, &items, &removed);
    if (found)
        drop(found);
    found = RB_FIND(by_number, &items, &dead);
    if (found && found->queue->dead)
        move_to_dead(found);
}

void queues_store_all(void) {
    struct queue *queue;
    struct item *item;
    TAILQ_FOREACH(queue, &queues, link)
    if (queue->dead)
        store_append(json_pack("{ss}", "create", queue->name));
    RB_FOREACH(item, by_number, &items)
    store_append(json_pack("{sI, ss, sO, si, sI}", "publish", (json_int_t)item->number, "queue",
                           item->queue->name, "payload", item->payload, "priority", item->priority, "expires",
                           (json_int_t)item->expires));
    /* A number is not used again, even if its message was removed. */
    store_append(json_pack("{sI}", "last", (json_int_t)last_number));
}

static void remove_item(struct item *item) {
    store_append(json_pack("{sI}", "remove", (json_int_t)item->number));
    drop(item);
}

/* -- Deliveries -- */

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

/* Returns a message to its queue, or moves it to the dead letters after too many attempts. */
static void put_back(struct item *item) {
    item->queue->delivered--;
    if (item->queue->dead && item->attempts > limits.retries) {
        store_append(json_pack("{sI}", "dead", (json_int_t)item->number));
        move_to_dead(item);
    } else {
        item->queue->redelivered++;
        put(item);
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

/* Ends a delivery. Returns its message, or NULL if the client does not have it, or was late. */
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
        remove_item(item);
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
    /* A client that was late with this message gets it again, but it counts only once. */
    struct delivery *late = find_delivery(subscription->client, item->number);
    if (late)
        release(late);
    struct delivery *delivery = allocate(sizeof *delivery);
    take(item);
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

/* Returns the client that has waited longest, and lets it wait again. */
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
        remove_item(item);
    }
    struct delivery *delivery;
    while ((delivery = TAILQ_FIRST(&deliveries)) && delivery->deadline <= now) {
        /* The client keeps the used credit, so that it does not get more messages before it responds. */
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
