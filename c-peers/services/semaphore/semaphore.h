/* The semaphore server's parts: the queues of waiting requests (line.c), and the semaphores with their
 * permits (semaphores.c). */
#ifndef SEMAPHORE_H
#define SEMAPHORE_H

#include "../common/service.h"

#include <sys/tree.h>

struct semaphore_limits {
    unsigned semaphores, waiters; /* waiters per client */
    json_int_t permits;
};
extern struct semaphore_limits semaphore_limits;

/* A request that is waiting for permits. */
struct waiter {
    TAILQ_ENTRY(waiter) in_line, of_client;
    RB_ENTRY(waiter) by_deadline;
    uint64_t number;
    struct semaphore *semaphore;
    struct client *client;
    char id[ID_LIMIT + 1];
    json_int_t permits;
    int64_t since, deadline; /* nanoseconds; INT64_MAX means no limit */
};
TAILQ_HEAD(waiters, waiter);

/* The permits of one semaphore that a client holds. */
struct holding {
    TAILQ_ENTRY(holding) of_semaphore, of_client;
    struct semaphore *semaphore;
    struct client *client;
    json_int_t permits;
};
TAILQ_HEAD(holdings, holding);

struct semaphore {
    TAILQ_ENTRY(semaphore) link;
    char name[NAME_LIMIT + 1];
    json_int_t available, held, maximum;
    struct waiters line;
    struct holdings holdings;
    json_int_t waiting, acquired, released, added, discarded, returned, expired, refused;
    json_int_t longest; /* milliseconds */
};

/* A client's state. */
struct holder {
    struct waiters waiters;
    struct holdings holdings;
    unsigned waiting;
};
struct holder *holder(struct client *client);

/* Returns zeroed memory. Exits if there is none. */
void *semaphores_allocate(size_t size);

/* -- Waiting requests (line.c) -- */

/* Adds a request to the end of a semaphore's queue. */
void line_add(struct semaphore *semaphore, struct client *client, const char *id, json_int_t permits,
              int64_t deadline);

/* Returns the next request, or NULL. Skips clients that receive no more messages. */
struct waiter *line_first(const struct semaphore *semaphore);
bool line_is_empty(const struct semaphore *semaphore);

/* Returns the request with the next deadline, or NULL. */
struct waiter *line_next_deadline(void);

/* Returns a client's oldest waiting request with this ID, or NULL. */
struct waiter *waiter_find(struct client *client, const char *id);

/* Removes a request from its queue. */
void waiter_remove(struct waiter *waiter);

/* Replies with an error, and removes the request. */
void waiter_fail(struct waiter *waiter, const char *code, const char *text);

/* Removes a disconnected client's requests. */
void waiters_forget(struct client *client);

/* -- Semaphores and permits (semaphores.c) -- */

/* Returns NULL if there is no such semaphore. */
struct semaphore *semaphore_find(const char *name);

/* These return an error code, or NULL. */
const char *semaphore_create(const char *name, json_int_t permits, json_int_t maximum);
/* Replies immediately or later. The timeout is in milliseconds: 0 does not wait, and -1 has no limit. */
const char *semaphore_acquire(struct semaphore *semaphore, struct client *client, const char *id,
                              json_int_t permits, json_int_t timeout);
const char *semaphore_release(struct semaphore *semaphore, struct client *client, json_int_t permits);
const char *semaphore_discard(struct semaphore *semaphore, struct client *client, json_int_t permits);
const char *semaphore_add(struct semaphore *semaphore, json_int_t permits);

/* Removes a semaphore with its permits. Its waiting requests fail. */
void semaphore_remove(struct semaphore *semaphore);

json_t *semaphore_statistics(const struct semaphore *semaphore);
json_t *semaphore_names(void);

/* Returns a disconnected client's permits to their semaphores. */
void holdings_return(struct client *client);

/* Gives the available permits to the first requests in each queue. */
void semaphores_advance(void);

/* Makes the waiting requests of all semaphores fail. No more permits can be acquired. */
void semaphores_stop(void);

/* Ends waits that have timed out. Returns when to call it again. */
int64_t semaphores_tick(int64_t now);

#endif
