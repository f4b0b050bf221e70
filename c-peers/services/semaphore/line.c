/* The requests that are waiting for permits, in order of arrival. */
#include "semaphore.h"

RB_HEAD(by_deadline, waiter);

static int compare(struct waiter *left, struct waiter *right) {
    if (left->deadline != right->deadline)
        return left->deadline < right->deadline ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

RB_GENERATE(by_deadline, waiter, by_deadline, compare)

static struct by_deadline waiters = RB_INITIALIZER(&waiters); /* including those without a limit */

void line_add(struct semaphore *semaphore, struct client *client, const char *id, json_int_t permits,
              int64_t deadline) {
    static uint64_t last_number;
    struct waiter *waiter = semaphores_allocate(sizeof *waiter);
    *waiter = (struct waiter){.number = ++last_number,
                              .semaphore = semaphore,
                              .client = client,
                              .permits = permits,
                              .since = now_nanoseconds(),
                              .deadline = deadline};
    strlcpy(waiter->id, id, sizeof waiter->id);
    TAILQ_INSERT_TAIL(&semaphore->line, waiter, in_line);
    TAILQ_INSERT_TAIL(&holder(client)->waiters, waiter, of_client);
    RB_INSERT(by_deadline, &waiters, waiter);
    semaphore->waiting++;
    holder(client)->waiting++;
}

struct waiter *line_first(const struct semaphore *semaphore) {
    struct waiter *waiter;
    TAILQ_FOREACH(waiter, &semaphore->line, in_line)
    if (!waiter->client->ending && !waiter->client->dead)
        return waiter;
    return NULL;
}

bool line_is_empty(const struct semaphore *semaphore) {
    return !line_first(semaphore);
}

struct waiter *line_next_deadline(void) {
    return RB_MIN(by_deadline, &waiters);
}

struct waiter *waiter_find(struct client *client, const char *id) {
    struct waiter *waiter;
    TAILQ_FOREACH(waiter, &holder(client)->waiters, of_client)
    if (strcmp(waiter->id, id) == 0)
        return waiter;
    return NULL;
}

void waiter_remove(struct waiter *waiter) {
    struct holder *state = holder(waiter->client);
    TAILQ_REMOVE(&waiter->semaphore->line, waiter, in_line);
    TAILQ_REMOVE(&state->waiters, waiter, of_client);
    RB_REMOVE(by_deadline, &waiters, waiter);
    waiter->semaphore->waiting--;
    state->waiting--;
    free(waiter);
}

void waiter_fail(struct waiter *waiter, const char *code, const char *text) {
    fail(waiter->client, &(struct message){.id = waiter->id}, code, "%s", text);
    waiter_remove(waiter);
}

void waiters_forget(struct client *client) {
    for (struct waiter *waiter; (waiter = TAILQ_FIRST(&holder(client)->waiters));)
        waiter_remove(waiter);
}
