/* Sends a message to a server, and receives it back. Counterpart: tcp_echo_server.c. */
#include "common/sockets.h"

#include <fcntl.h>
#include <unistd.h>

static const char usage[] =
    "usage: tcp_echo_client [--address A] [--port P] [--message TEXT] [--timeout SECONDS]\n"
    "  --address A        the address of the server (127.0.0.1)\n"
    "  --port P           its port (7777)\n"
    "  --message TEXT     the message (Hello from TCP echo client!)\n"
    "  --timeout SECONDS  how long to wait for the connection and the response (no limit)";

/* connect(2) has no timeout, so the socket is nonblocking, and SO_ERROR reports the result. */
static bool connect_to(int server, const struct internet_address *address, struct timeout timeout) {
    const int flags = fcntl(server, F_GETFL);
    if (flags == -1 || fcntl(server, F_SETFL, flags | O_NONBLOCK) == -1)
        return false;
    if (connect(server, &address->any, address->length) == -1) {
        int error = errno;
        socklen_t length = sizeof error;
        if (error != EINPROGRESS || !wait_for(server, POLLOUT, timeout) ||
            getsockopt(server, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
            return false;
        errno = error;
        if (error != 0)
            return false;
    }
    return fcntl(server, F_SETFL, flags) != -1;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
        {"message", required_argument, NULL, 'm'}, {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *host = "127.0.0.1", *message = "Hello from TCP echo client!";
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
    const int server = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server == -1)
        err(EXIT_FAILURE, "socket");
    if (!connect_to(server, &address, timeout))
        err(EXIT_FAILURE, "connect '%s'", name);
    say("TCP Echo Client: connected to '%s'.", name);

    /* Sends the message, then shuts down the write side to mark the end of the message. */
    const size_t length = strlen(message);
    for (size_t sent = 0; sent < length;) {
        ssize_t part = send(server, message + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (part == -1 && (errno != EAGAIN || !wait_for(server, POLLOUT, timeout)))
            err(EXIT_FAILURE, "send '%s'", name);
        sent += part == -1 ? 0 : (size_t)part;
    }
    if (shutdown(server, SHUT_WR) == -1)
        err(EXIT_FAILURE, "shutdown '%s'", name);
    say("TCP Echo Client: sent '%s' (%zu bytes).", shown(message, length), length);

    /* Reads to the end of file: one recv(2) may return only part of the data. */
    char *received = NULL;
    size_t total = 0, room = 0;
    ssize_t count;
    do {
        if (total == room && !(received = reallocf(received, room = 2 * room + 4096)))
            err(EX_OSERR, "malloc");
        if (!wait_for(server, POLLIN, timeout))
            err(EXIT_FAILURE, "recv '%s'", name);
        count = recv(server, received + total, room - total, 0);
        if (count == -1)
            err(EXIT_FAILURE, "recv '%s'", name);
        total += (size_t)count;
    } while (count != 0);
    say("TCP Echo Client: received '%s' (%zu bytes).", shown(received, total), total);
    free(received);
    close(server);
    return EXIT_SUCCESS;
}
