/* The queue server's queues and their messages. */
#include "item.h"

struct queue_limits limits = {
    .queues = 64, .length = 10000, .bytes = 256 << 20, .retries = 3, .late = 30000000000};

static int compare(uint64_t left, uint64_t right) {
    return left < right ? -1 : left > right;
}

static int compare_numbers(struct item *left, struct item *right) {
    return compare(left->number, right->number);
}

/* Higher priorities come first; within a priority, older messages come first, even when they are
 * redelivered. */
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

struct queue_list queues = TAILQ_HEAD_INITIALIZER(queues);
static struct by_number items = RB_INITIALIZER(&items);
struct by_expiry expiring = RB_INITIALIZER(&expiring);
static uint64_t last_number;
static unsigned queue_count;
static size_t total_bytes;

void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

/* -- Messages -- */

void item_put(struct item *item) {
    RB_INSERT(by_priority, &item->queue->waiting, item);
    if (item->expires > 0)
        RB_INSERT(by_expiry, &expiring, item);
    item->waiting = true;
    item->queue->waiting_count++;
}

void item_take(struct item *item) {
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
    item_put(item);
}

static void drop(struct item *item) {
    if (item->waiting)
        item_take(item);
    RB_REMOVE(by_number, &items, item);
    total_bytes -= item->size;
    json_decref(item->payload);
    free(item);
}

void item_remove(struct item *item) {
    store_append(json_pack("{sI}", "remove", (json_int_t)item->number));
    drop(item);
}

void item_move_to_dead(struct item *item) {
    item->queue->died++;
    if (item->waiting)
        item_take(item);
    item->queue = item->queue->dead;
    item->attempts = 0;
    item->expires = 0;
    item_put(item);
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
    queue->dead = new_queue(name, DEAD_SUFFIX);
    queue_count++;
}

const char *queue_create(const char *name) {
    const size_t length = strlen(name), suffix = strlen(DEAD_SUFFIX);
    if (length >= suffix && strcmp(name + length - suffix, DEAD_SUFFIX) == 0)
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
    /* Leave room for the other members of a delivery. */
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
        item_move_to_dead(found);
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
    /* A number is not reused, even if its message was removed. */
    store_append(json_pack("{sI}", "last", (json_int_t)last_number));
}
