/* Publishes messages, and consumes them. Counterpart: queue_server.c. */
#include "common/service.h"

#include <unistd.h>

static const char usage[] = "usage: queue_client [options] [TYPE [PAYLOAD | KEY=VALUE...]]\n" CLIENT_USAGE
                            "  --acknowledge      acknowledge each message that is delivered\n"
                            "Types: create, publish, subscribe, acknowledge, reject, statistics, list";

static bool acknowledges;

static bool option(int option) {
    acknowledges |= option == 'A';
    return option == 'A';
}

static bool received(struct connection *connection, const struct message *message, int descriptor) {
    if (descriptor != -1)
        close(descriptor);
    if (acknowledges && strcmp(message->type, "delivery") == 0)
        client_send(connection, "acknowledge",
                    json_pack("{sO}", "message", json_object_get(message->payload, "message")));
    return true;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"acknowledge", no_argument, NULL, 'A'}, {0}};
    return client_run(argc, argv,
                      &(struct client_program){.default_path = "/tmp/queue_server",
                                               .usage = usage,
                                               .received = received,
                                               .options = options,
                                               .option = option});
}
