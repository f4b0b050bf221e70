/* Reads and writes files that a file server has mapped. Counterpart: file_server.c. */
#include "common/service.h"

static const char usage[] =
    "usage: file_client [options] [TYPE [PAYLOAD | KEY=VALUE...]]\n" CLIENT_USAGE
    "Types: create path= size=, open path=, read file= offset= length= as=,\n"
    "       write file= offset= text= or bytes=, grow file= size=, sync file=, unmap file=,\n"
    "       status file=, statistics, list";

int main(int argc, char *argv[]) {
    return client_run(argc, argv,
                      &(struct client_program){.default_path = "/tmp/file_server", .usage = usage});
}
