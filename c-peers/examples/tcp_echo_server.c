/* Echoes what each client sends, one client after another. Counterpart: tcp_echo_client.c. */
#include "common/sockets.h"

#include <unistd.h>

static const char usage[] =
    "usage: tcp_echo_server [--address A] [--port P] [--count K] [--timeout SECONDS]\n"
    "  --address A        where to listen (127.0.0.1)\n"
    "  --port P           0 lets the kernel choose (7777)\n"
    "  --count K          how many clients are served (1)\n"
    "  --timeout SECONDS  how long to wait for the clients and for end of file (no limit)";

/* Echoes the received bytes until end of file. */
static size_t echo(int client, const char *name, struct timeout timeout) {
    char bytes[4096];
    size_t total = 0;
    for (;;) {
        if (!wait_for(client, POLLIN, timeout))
            err(EXIT_FAILURE, "recv '%s'", name);
        /* A client that closes its socket with unread data resets the connection: this is an error, not end
         * of file. */
        ssize_t count = recv(client, bytes, sizeof bytes, 0);
        if (count == -1)
            err(EXIT_FAILURE, "recv '%s'", name);
        if (count == 0)
            return total;
        for (ssize_t sent = 0; sent < count;) {
            /* If the client has closed the connection, this call fails. Without MSG_NOSIGNAL, SIGPIPE
             * would terminate the server. */
            ssize_t part = send(client, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (part == -1 && (errno != EAGAIN || !wait_for(client, POLLOUT, timeout)))
                err(EXIT_FAILURE, "send '%s'", name);
            sent += part == -1 ? 0 : part;
        }
        total += (size_t)count;
    }
}

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
    const int listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1)
        err(EXIT_FAILURE, "socket");
    /* The kernel keeps connections for a minute after a server exits; they must not block the port. */
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == -1)
        err(EXIT_FAILURE, "setsockopt SO_REUSEADDR");
    if (bind(listener, &address.any, address.length) == -1)
        err(EXIT_FAILURE, "bind '%s'", shown_address(&address));
    if (listen(listener, SOMAXCONN) == -1)
        err(EXIT_FAILURE, "listen '%s'", shown_address(&address));
    /* The kernel may have chosen the port. */
    if (getsockname(listener, &address.any, &address.length) == -1)
        err(EXIT_FAILURE, "getsockname '%s'", shown_address(&address));
    const char *name = shown_address(&address);
    say("TCP Echo Server: listening at '%s'.", name);

    for (; count > 0; count--) {
        const int client = accept_client(listener, name, timeout);
        const size_t total = echo(client, name, timeout);
        close(client);
        say("TCP Echo Server: sent back %zu bytes.", total);
    }
    close(listener);
    return EXIT_SUCCESS;
}
