/* Replies to requests, and passes messages between its clients. Counterpart: message_client.c. */
#include "common/service.h"

static const char usage[] = "usage: message_server [options]\n" SERVER_USAGE;

static void echo(struct client *client, const struct message *request) {
    reply(client, request, json_incref(request->payload));
}

static void tell_time(struct client *client, const struct message *request) {
    reply(client, request, json_integer(now_milliseconds()));
}

/* Lists the clients, and the milliseconds since each client's last request. */
static void list(struct client *client, const struct message *request) {
    json_t *all = json_array();
    const int64_t now = now_nanoseconds();
    struct client *each;
    TAILQ_FOREACH(each, &clients, link)
    if (!each->ending && !each->dead)
        json_array_append_new(all,
                              json_pack("{sI, si, sI, sI}", "client", (json_int_t)each->number, "process",
                                        (int)each->peer.pid, "user", (json_int_t)each->peer.uid, "idle",
                                        (json_int_t)((now - each->last_activity) / 1000000)));
    reply(client, request, all);
}

static bool pass_on(struct client *from, struct client *to, const char *type, json_t *message) {
    return notify(to, type, json_pack("{sI, sO}", "from", (json_int_t)from->number, "message", message));
}

static void send_to_one(struct client *client, const struct message *request) {
    json_int_t number;
    json_t *message;
    if (!unpack(client, request, "{sI, so}", "to", &number, "message", &message))
        return;
    struct client *to = number > 0 ? client_find((uint64_t)number) : NULL;
    if (!to)
        fail(client, request, "not-found", "there is no client %lld", (long long)number);
    else if (!pass_on(client, to, "message", message))
        fail(client, request, "too-large", "with its sender, the message exceeds 1 MiB");
    else
        reply(client, request, NULL);
}

/* Sends the request's payload to all other clients. */
static void broadcast(struct client *client, const struct message *request) {
    json_int_t count = 0;
    struct client *each;
    TAILQ_FOREACH(each, &clients, link) {
        if (each == client || each->ending || each->dead)
            continue;
        if (!pass_on(client, each, "broadcast", request->payload)) {
            fail(client, request, "too-large", "with its sender, the message exceeds 1 MiB");
            return;
        }
        count++;
    }
    reply(client, request, json_pack("{sI}", "clients", count));
}

static const struct handler handlers[] = {{"echo", echo},        {"time", tell_time},      {"list", list},
                                          {"send", send_to_one}, {"broadcast", broadcast}, {0}};

int main(int argc, char *argv[]) {
    static const struct option options[] = {SERVER_OPTIONS, {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!server_option(option, usage))
            return EX_USAGE;
    no_more_arguments(argc, argv);
    serve(&(struct service){.name = "Message Server", .handlers = handlers}, "/tmp/message_server");
    return EXIT_SUCCESS;
}
