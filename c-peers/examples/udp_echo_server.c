/* Sends each datagram back to its sender. Counterpart: udp_echo_client.c. */
#include "common/sockets.h"

#include <unistd.h>

static const char usage[] =
    "usage: udp_echo_server [--address A] [--port P] [--count K] [--timeout SECONDS]\n"
    "  --address A        where to receive (127.0.0.1)\n"
    "  --port P           0 lets the kernel choose (7777)\n"
    "  --count K          how many datagrams are sent back (1)\n"
    "  --timeout SECONDS  how long to wait for them (no limit)";

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
        {"count", required_argument, NULL, 'c'},   {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *host = "127.0.0.1";
    uint16_t port = 7777;
    unsigned count = 1;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'a': host = optarg; break;
        case 'p': port = (uint16_t)number_option("port", optarg, 0, UINT16_MAX); break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT32_MAX); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    struct internet_address address = internet_option(host, port);
    const int server = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (server == -1)
        err(EXIT_FAILURE, "socket");
    if (bind(server, &address.any, address.length) == -1)
        err(EXIT_FAILURE, "bind '%s'", shown_address(&address));
    /* The kernel may have chosen the port. */
    if (getsockname(server, &address.any, &address.length) == -1)
        err(EXIT_FAILURE, "getsockname '%s'", shown_address(&address));
    const char *name = shown_address(&address);
    say("UDP Echo Server: receiving at '%s'.", name);

    /* 64 KiB holds any datagram, so nothing is truncated. */
    static char bytes[65536];
    for (; count > 0; count--) {
        struct internet_address client = {.length = sizeof client.in6};
        ssize_t length;
        /* Nonblocking: the kernel may drop a datagram with a bad checksum after poll(2) has reported it. */
        while ((length = recvfrom(server, bytes, sizeof bytes, MSG_DONTWAIT, &client.any, &client.length)) ==
               -1)
            if (errno != EAGAIN || !wait_for(server, POLLIN, timeout))
                err(EXIT_FAILURE, "recvfrom '%s'", name);
        /* An empty datagram is also sent back: it does not mean end of file. */
        while (sendto(server, bytes, (size_t)length, MSG_DONTWAIT, &client.any, client.length) == -1)
            if (errno != EAGAIN || !wait_for(server, POLLOUT, timeout))
                err(EXIT_FAILURE, "sendto '%s'", shown_address(&client));
        say("UDP Echo Server: sent back %zd bytes.", length);
    }
    close(server);
    return EXIT_SUCCESS;
}
