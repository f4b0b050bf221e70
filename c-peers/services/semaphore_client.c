/* Acquires and releases semaphore permits. Counterpart: semaphore_server.c. */
#include "common/service.h"

#include <unistd.h>

static const char usage[] =
    "usage: semaphore_client [options] [TYPE [PAYLOAD | KEY=VALUE...]]\n" CLIENT_USAGE
    "  --release          release the permits of each request as soon as it has acquired them\n"
    "Types: create, acquire, try, cancel, release, discard, add, remove, statistics, list";

static bool releases;

static bool option(int option) {
    releases |= option == 'R';
    return option == 'R';
}

static bool received(struct connection *connection, const struct message *message, int descriptor) {
    if (descriptor != -1)
        close(descriptor);
    /* Only these replies have this member. */
    if (releases && json_object_get(message->payload, "waited"))
        client_send(connection, "release",
                    json_pack("{sO, sO}", "semaphore", json_object_get(message->payload, "semaphore"),
                              "permits", json_object_get(message->payload, "permits")));
    return true;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"release", no_argument, NULL, 'R'}, {0}};
    return client_run(argc, argv,
                      &(struct client_program){.default_path = "/tmp/semaphore_server",
                                               .usage = usage,
                                               .received = received,
                                               .options = options,
                                               .option = option});
}
