/* Lends named semaphores' permits to clients. Counterpart: semaphore_client.c. */
#include "semaphore/semaphore.h"

#include <sys/param.h>

static const char usage[] = "usage: semaphore_server [options]\n" SERVER_USAGE
                            "  --max-semaphores N how many semaphores there may be (64)\n"
                            "  --max-waiters N    how many requests of a client may wait (100)\n"
                            "  --max-permits N    how many permits a semaphore may have (1000000)";

static void reply_or_fail(struct client *client, const struct message *request, const char *code) {
    static const char *const texts[][2] = {{"exists", "there is already a semaphore of this name"},
                                           {"limit", "the request exceeds a limit"},
                                           {"not-held", "this client has fewer permits"},
                                           {"stopped", "the server stops"},
                                           {"would-block", "there are too few permits"}};
    for (size_t index = 0; code && index < sizeof texts / sizeof *texts; index++)
        if (strcmp(code, texts[index][0]) == 0)
            fail(client, request, code, "%s", texts[index][1]);
    if (!code)
        reply(client, request, NULL);
}

/* Reads an integer. If it is missing or null, the value does not change. If it is invalid, replies with an
 * error and returns false. */
static bool read_count(struct client *client, const struct message *request, const char *key,
                       json_int_t least, json_int_t most, json_int_t *value) {
    const json_t *member = json_object_get(request->payload, key);
    if (!member || json_is_null(member))
        return true;
    const double number = json_number_value(member);
    /* 2.0 also counts as an integer. */
    const bool valid = json_is_number(member) && number >= (double)least && number <= (double)most &&
                       (double)(json_int_t)number == number;
    if (valid)
        *value = (json_int_t)number;
    else
        fail(client, request, "invalid-payload", "'%s' is an integer from %lld to %lld", key,
             (long long)least, (long long)most);
    return valid;
}

static struct semaphore *find(struct client *client, const struct message *request) {
    const char *name;
    if (!unpack(client, request, "{ss}", "semaphore", &name))
        return NULL;
    struct semaphore *semaphore = semaphore_find(name);
    if (!semaphore)
        fail(client, request, "not-found", "there is no semaphore of this name");
    return semaphore;
}

/* Reads a number of permits, which is 1 if it is missing, and finds the semaphore. */
static struct semaphore *find_with_permits(struct client *client, const struct message *request,
                                           json_int_t *permits) {
    *permits = 1;
    return read_count(client, request, "permits", 1, INT32_MAX, permits) ? find(client, request) : NULL;
}

static void create(struct client *client, const struct message *request) {
    const char *name;
    json_int_t permits = 1;
    if (!unpack(client, request, "{ss}", "semaphore", &name) || !check_name(client, request, name) ||
        !read_count(client, request, "permits", 0, INT32_MAX, &permits))
        return;
    json_int_t maximum = MAX(permits, 1);
    if (!read_count(client, request, "maximum", maximum, INT32_MAX, &maximum))
        return;
    reply_or_fail(client, request, semaphore_create(name, permits, maximum));
}

static void acquire_within(struct client *client, const struct message *request, json_int_t timeout) {
    json_int_t permits;
    struct semaphore *semaphore = find_with_permits(client, request, &permits);
    if (!semaphore)
        return;
    const char *code = semaphore_acquire(semaphore, client, request->id, permits, timeout);
    if (code)
        reply_or_fail(client, request, code);
}

static void acquire(struct client *client, const struct message *request) {
    json_int_t timeout = -1;
    if (read_count(client, request, "timeout", 0, UINT32_MAX, &timeout))
        acquire_within(client, request, timeout);
}

static void try(struct client *client, const struct message *request) {
    acquire_within(client, request, 0);
}

static void cancel(struct client *client, const struct message *request) {
    const char *id;
    if (!unpack(client, request, "{ss}", "request", &id))
        return;
    struct waiter *waiter = waiter_find(client, id);
    if (!waiter) {
        fail(client, request, "not-found", "no request of this client with this ID waits");
        return;
    }
    waiter_fail(waiter, "canceled", "the client canceled the request");
    semaphores_advance();
    reply(client, request, NULL);
}

static void release(struct client *client, const struct message *request) {
    json_int_t permits;
    struct semaphore *semaphore = find_with_permits(client, request, &permits);
    if (semaphore)
        reply_or_fail(client, request, semaphore_release(semaphore, client, permits));
}

static void discard(struct client *client, const struct message *request) {
    json_int_t permits;
    struct semaphore *semaphore = find_with_permits(client, request, &permits);
    if (semaphore)
        reply_or_fail(client, request, semaphore_discard(semaphore, client, permits));
}

static void add(struct client *client, const struct message *request) {
    json_int_t permits;
    struct semaphore *semaphore = find_with_permits(client, request, &permits);
    if (semaphore)
        reply_or_fail(client, request, semaphore_add(semaphore, permits));
}

static void remove_semaphore(struct client *client, const struct message *request) {
    struct semaphore *semaphore = find(client, request);
    if (!semaphore)
        return;
    semaphore_remove(semaphore);
    reply(client, request, NULL);
}

static void statistics(struct client *client, const struct message *request) {
    const struct semaphore *semaphore = find(client, request);
    if (semaphore)
        reply(client, request, semaphore_statistics(semaphore));
}

static void list(struct client *client, const struct message *request) {
    reply(client, request, semaphore_names());
}

/* Removes the client's waiting requests and returns its permits, before other clients get the permits. */
static void closed(struct client *client) {
    waiters_forget(client);
    holdings_return(client);
    free(client->state);
    semaphores_advance();
}

static const struct handler handlers[] = {
    {"create", create},         {"acquire", acquire}, {"try", try}, {"cancel", cancel},
    {"release", release},       {"discard", discard}, {"add", add}, {"remove", remove_semaphore},
    {"statistics", statistics}, {"list", list},       {0}};

int main(int argc, char *argv[]) {
    static const struct option options[] = {SERVER_OPTIONS,
                                            {"max-semaphores", required_argument, NULL, 'S'},
                                            {"max-waiters", required_argument, NULL, 'W'},
                                            {"max-permits", required_argument, NULL, 'P'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'S':
            semaphore_limits.semaphores = (unsigned)number_option("max-semaphores", optarg, 1, 100000);
            break;
        case 'W': semaphore_limits.waiters = (unsigned)number_option("max-waiters", optarg, 1, 100000); break;
        case 'P': semaphore_limits.permits = number_option("max-permits", optarg, 1, INT32_MAX); break;
        default:
            if (!server_option(option, usage))
                return EX_USAGE;
        }
    no_more_arguments(argc, argv);
    serve(&(struct service){.name = "Semaphore Server",
                            .handlers = handlers,
                            .closed = closed,
                            .tick = semaphores_tick,
                            .stopping = semaphores_stop},
          "/tmp/semaphore_server");
    return EXIT_SUCCESS;
}
