/* Sends requests to a message server, and prints replies and messages from other clients. Counterpart:
 * message_server.c. */
#include "common/service.h"

static const char usage[] = "usage: message_client [options] [TYPE [PAYLOAD | KEY=VALUE...]]\n" CLIENT_USAGE
                            "Types: echo, time, list, send to= message=, broadcast";

int main(int argc, char *argv[]) {
    return client_run(argc, argv,
                      &(struct client_program){.default_path = "/tmp/message_server", .usage = usage});
}
