/* The semaphore server's semaphores, and the permits that clients hold. */
#include "semaphore.h"

#include <sys/param.h>

struct semaphore_limits semaphore_limits = {.semaphores = 64, .waiters = 100, .permits = 1000000};

static TAILQ_HEAD(, semaphore) semaphores = TAILQ_HEAD_INITIALIZER(semaphores);
static unsigned semaphore_count;
static bool stopped;

void *semaphores_allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

struct holder *holder(struct client *client) {
    if (!client->state) {
        struct holder *state = client->state = semaphores_allocate(sizeof *state);
        TAILQ_INIT(&state->waiters);
        TAILQ_INIT(&state->holdings);
    }
    return client->state;
}

/* -- Semaphores -- */

struct semaphore *semaphore_find(const char *name) {
    struct semaphore *semaphore;
    TAILQ_FOREACH(semaphore, &semaphores, link)
    if (strcmp(semaphore->name, name) == 0)
        return semaphore;
    return NULL;
}

const char *semaphore_create(const char *name, json_int_t permits, json_int_t maximum) {
    if (semaphore_find(name))
        return "exists";
    if (semaphore_count >= semaphore_limits.semaphores || maximum > semaphore_limits.permits)
        return "limit";
    struct semaphore *semaphore = semaphores_allocate(sizeof *semaphore);
    semaphore->available = permits;
    semaphore->maximum = maximum;
    strlcpy(semaphore->name, name, sizeof semaphore->name);
    TAILQ_INIT(&semaphore->line);
    TAILQ_INIT(&semaphore->holdings);
    TAILQ_INSERT_TAIL(&semaphores, semaphore, link);
    semaphore_count++;
    return NULL;
}

json_t *semaphore_statistics(const struct semaphore *semaphore) {
    return json_pack("{sI, sI, sI, sI, sI, sI, sI, sI, sI, sI, sI, sI}", "available", semaphore->available,
                     "held", semaphore->held, "maximum", semaphore->maximum, "waiting", semaphore->waiting,
                     "acquired", semaphore->acquired, "released", semaphore->released, "added",
                     semaphore->added, "discarded", semaphore->discarded, "returned", semaphore->returned,
                     "expired", semaphore->expired, "refused", semaphore->refused, "longest",
                     semaphore->longest);
}

json_t *semaphore_names(void) {
    json_t *names = json_array();
    struct semaphore *semaphore;
    TAILQ_FOREACH(semaphore, &semaphores, link)
    json_array_append_new(names, json_string(semaphore->name));
    return names;
}

/* -- Permits -- */

static struct holding *find_holding(const struct semaphore *semaphore, struct client *client) {
    struct holding *holding;
    TAILQ_FOREACH(holding, &holder(client)->holdings, of_client)
    if (holding->semaphore == semaphore)
        return holding;
    return NULL;
}

static void remove_holding(struct holding *holding) {
    TAILQ_REMOVE(&holding->semaphore->holdings, holding, of_semaphore);
    TAILQ_REMOVE(&holder(holding->client)->holdings, holding, of_client);
    free(holding);
}

static void grant(struct semaphore *semaphore, struct client *client, const char *id, json_int_t permits,
                  json_int_t waited) {
    struct holding *holding = find_holding(semaphore, client);
    if (!holding) {
        holding = semaphores_allocate(sizeof *holding);
        *holding = (struct holding){.semaphore = semaphore, .client = client};
        TAILQ_INSERT_TAIL(&semaphore->holdings, holding, of_semaphore);
        TAILQ_INSERT_TAIL(&holder(client)->holdings, holding, of_client);
    }
    holding->permits += permits;
    semaphore->available -= permits;
    semaphore->held += permits;
    semaphore->acquired += permits;
    semaphore->longest = MAX(semaphore->longest, waited);
    reply(client, &(struct message){.id = id},
          json_pack("{ss, sI, sI}", "semaphore", semaphore->name, "permits", permits, "waited", waited));
}

/* Considers only the first request in the queue, so that other requests cannot overtake a request for many
 * permits. */
static void advance(struct semaphore *semaphore) {
    struct waiter *first;
    while ((first = line_first(semaphore)) && first->permits <= semaphore->available) {
        grant(semaphore, first->client, first->id, first->permits,
              (now_nanoseconds() - first->since) / 1000000);
        waiter_remove(first);
    }
}

void semaphores_advance(void) {
    struct semaphore *semaphore;
    TAILQ_FOREACH(semaphore, &semaphores, link) advance(semaphore);
}

const char *semaphore_acquire(struct semaphore *semaphore, struct client *client, const char *id,
                              json_int_t permits, json_int_t timeout) {
    if (stopped)
        return "stopped";
    if (permits > semaphore->maximum)
        return "limit";
    if (permits <= semaphore->available && line_is_empty(semaphore)) {
        grant(semaphore, client, id, permits, 0);
        return NULL;
    }
    if (timeout == 0) {
        semaphore->refused++;
        return "would-block";
    }
    if (holder(client)->waiting >= semaphore_limits.waiters)
        return "limit";
    line_add(semaphore, client, id, permits, timeout > 0 ? now_nanoseconds() + timeout * 1000000 : INT64_MAX);
    return NULL;
}

/* Takes back permits from a client. Returns false if the client holds fewer. */
static bool take_back(struct semaphore *semaphore, struct client *client, json_int_t permits) {
    struct holding *holding = find_holding(semaphore, client);
    if (!holding || holding->permits < permits)
        return false;
    holding->permits -= permits;
    semaphore->held -= permits;
    if (holding->permits == 0)
        remove_holding(holding);
    return true;
}

const char *semaphore_release(struct semaphore *semaphore, struct client *client, json_int_t permits) {
    if (!take_back(semaphore, client, permits))
        return "not-held";
    semaphore->available += permits;
    semaphore->released += permits;
    advance(semaphore);
    return NULL;
}

const char *semaphore_discard(struct semaphore *semaphore, struct client *client, json_int_t permits) {
    if (!take_back(semaphore, client, permits))
        return "not-held";
    semaphore->discarded += permits;
    return NULL;
}

const char *semaphore_add(struct semaphore *semaphore, json_int_t permits) {
    if (permits > semaphore->maximum - semaphore->available - semaphore->held)
        return "limit";
    semaphore->available += permits;
    semaphore->added += permits;
    advance(semaphore);
    return NULL;
}

void semaphore_remove(struct semaphore *semaphore) {
    for (struct waiter *waiter; (waiter = TAILQ_FIRST(&semaphore->line));)
        waiter_fail(waiter, "removed", "the semaphore was removed");
    for (struct holding *holding; (holding = TAILQ_FIRST(&semaphore->holdings));)
        remove_holding(holding);
    TAILQ_REMOVE(&semaphores, semaphore, link);
    semaphore_count--;
    free(semaphore);
}

void holdings_return(struct client *client) {
    for (struct holding *holding; (holding = TAILQ_FIRST(&holder(client)->holdings));) {
        struct semaphore *semaphore = holding->semaphore;
        semaphore->held -= holding->permits;
        semaphore->available += holding->permits;
        semaphore->returned += holding->permits;
        remove_holding(holding);
    }
}

/* -- Time -- */

void semaphores_stop(void) {
    stopped = true;
    for (struct waiter *waiter; (waiter = line_next_deadline());)
        waiter_fail(waiter, "stopped", "the server stops");
}

int64_t semaphores_tick(int64_t now) {
    struct waiter *waiter;
    while ((waiter = line_next_deadline()) && waiter->deadline <= now) {
        struct semaphore *semaphore = waiter->semaphore;
        semaphore->expired++;
        waiter_fail(waiter, "timed-out", "the timeout has passed");
        /* The next request may need fewer permits. */
        advance(semaphore);
    }
    return waiter ? waiter->deadline : INT64_MAX;
}
