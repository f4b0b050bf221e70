/* Defects in the semaphore manager. Other programs do not have these functions, so the references are
 * weak. */
#include "mutant.h"

#include "../services/semaphore/semaphore.h"

#pragma weak __real_holdings_return
#pragma weak __real_line_first
#pragma weak __real_line_is_empty
#pragma weak __real_semaphore_acquire
#pragma weak __real_semaphore_add
#pragma weak __real_semaphore_release
#pragma weak __real_waiter_fail
#pragma weak __real_waiters_forget
#pragma weak holder
#pragma weak line_add
#pragma weak waiter_remove

WRAPPED(holdings_return);
WRAPPED(line_first);
WRAPPED(line_is_empty);
WRAPPED(semaphore_acquire);
WRAPPED(semaphore_add);
WRAPPED(semaphore_release);
WRAPPED(waiter_fail);
WRAPPED(waiters_forget);

/* -- Permits -- */

const char *__wrap_semaphore_acquire(struct semaphore *semaphore, struct client *client, const char *id,
                                     json_int_t permits, json_int_t timeout) {
    /* The server interprets the timeout as tenths of a millisecond. */
    if (timeout > 0 && mutant("acquire-times-out-early"))
        timeout = timeout / 10;
    /* The server interprets the timeout as seconds. */
    if (timeout > 0 && mutant("acquire-times-out-late"))
        timeout *= 1000;
    /* A timeout of 0 means no limit, as in some libraries. */
    if (timeout == 0 && mutant("try-waits"))
        timeout = -1;
    /* The server gives a request one permit, regardless of the requested number. */
    if (mutant("one-permit-at-a-time"))
        permits = 1;
    return __real_semaphore_acquire(semaphore, client, id, permits, timeout);
}

const char *__wrap_semaphore_release(struct semaphore *semaphore, struct client *client, json_int_t permits) {
    const char *code = __real_semaphore_release(semaphore, client, permits);
    /* Any client can release any permit, as with sem_post(3). */
    return code && mutant("release-without-permit") ? __real_semaphore_add(semaphore, permits) : code;
}

const char *__wrap_semaphore_add(struct semaphore *semaphore, json_int_t permits) {
    const bool more = mutant("maximum-off-by-one");
    semaphore->maximum += more;
    const char *code = __real_semaphore_add(semaphore, permits);
    semaphore->maximum -= more;
    return code;
}

void __wrap_holdings_return(struct client *client) {
    struct holding *holding;
    /* A client's permits are lost when it dies, as with sem_wait(3). */
    TAILQ_FOREACH(holding, &holder(client)->holdings, of_client)
    if (mutant("permit-lost-with-holder"))
        holding->permits = 0;
    __real_holdings_return(client);
}

/* -- Waiting requests -- */

struct waiter *__wrap_line_first(const struct semaphore *semaphore) {
    /* The server serves the newest request first, as on a stack. */
    return mutant("last-waiter-first") ? TAILQ_LAST(&semaphore->line, waiters) : __real_line_first(semaphore);
}

bool __wrap_line_is_empty(const struct semaphore *semaphore) {
    /* A new request gets permits that an older request is waiting for. */
    return mutant("newcomer-overtakes") || __real_line_is_empty(semaphore);
}

void __wrap_waiter_fail(struct waiter *waiter, const char *code, const char *text) {
    const struct waiter copy = *waiter;
    /* The server does not reply to waiting requests for a removed semaphore. */
    if (strcmp(code, "removed") == 0 && mutant("removal-not-reported"))
        waiter_remove(waiter);
    else
        __real_waiter_fail(waiter, code, text);
    /* The server leaves a failed request in the queue. */
    if ((strcmp(code, "timed-out") == 0 && mutant("expired-request-in-line")) ||
        (strcmp(code, "canceled") == 0 && mutant("canceled-request-in-line")))
        line_add(copy.semaphore, copy.client, copy.id, copy.permits, INT64_MAX);
}

void __wrap_waiters_forget(struct client *client) {
    static struct client forgotten = {.output = STAILQ_HEAD_INITIALIZER(forgotten.output)};
    struct waiter *waiter;
    /* The server leaves a dead client's requests in the queue, and gives them permits. */
    while (mutant("dead-client-in-line") && (waiter = TAILQ_FIRST(&holder(client)->waiters))) {
        line_add(waiter->semaphore, &forgotten, waiter->id, waiter->permits, INT64_MAX);
        waiter_remove(waiter);
    }
    __real_waiters_forget(client);
}
