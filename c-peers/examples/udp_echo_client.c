/* Sends a datagram to a server, and receives it back. Counterpart: udp_echo_server.c. */
#include "common/sockets.h"

#include <unistd.h>

static const char usage[] =
    "usage: udp_echo_client [--address A] [--port P] [--message TEXT] [--timeout SECONDS]\n"
    "  --address A        the address of the server (127.0.0.1)\n"
    "  --port P           its port (7777)\n"
    "  --message TEXT     the message (Hello from UDP echo client!)\n"
    "  --timeout SECONDS  how long to wait for the response (no limit)";

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
        {"message", required_argument, NULL, 'm'}, {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *host = "127.0.0.1", *message = "Hello from UDP echo client!";
    uint16_t port = 7777;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'a': host = optarg; break;
        case 'p': port = (uint16_t)number_option("port", optarg, 1, UINT16_MAX); break;
        case 'm': message = optarg; break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const struct internet_address address = internet_option(host, port);
    const char *name = shown_address(&address);
    const int server = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (server == -1)
        err(EXIT_FAILURE, "socket");
    /* A connected socket receives only from the server, and reports an error if no socket is bound there. */
    if (connect(server, &address.any, address.length) == -1)
        err(EXIT_FAILURE, "connect '%s'", name);

    const size_t length = strlen(message);
    while (send(server, message, length, MSG_DONTWAIT) == -1)
        if (errno != EAGAIN || !wait_for(server, POLLOUT, timeout))
            err(EXIT_FAILURE, "send '%s'", name);
    say("UDP Echo Client: sent '%s' (%zu bytes).", shown(message, length), length);

    /* A datagram arrives whole or not at all. The loss of a datagram is not reported, so the program has a
     * --timeout option. */
    static char bytes[65536];
    ssize_t count;
    while ((count = recv(server, bytes, sizeof bytes, MSG_DONTWAIT)) == -1)
        if (errno != EAGAIN || !wait_for(server, POLLIN, timeout))
            err(EXIT_FAILURE, "recv '%s'", name);
    say("UDP Echo Client: received '%s' (%zd bytes).", shown(bytes, (size_t)count), count);
    close(server);
    return EXIT_SUCCESS;
}
