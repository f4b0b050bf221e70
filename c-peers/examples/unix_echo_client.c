/* Sends a message to a server, and receives it back. Counterpart: unix_echo_server.c. */
#include "common/sockets.h"

#include <unistd.h>

static const char usage[] = "usage: unix_echo_client [--path P] [--message TEXT] [--timeout SECONDS]\n"
                            "  --path P           the socket (/tmp/my_socket)\n"
                            "  --message TEXT     the message (Hello from Unix echo client!)\n"
                            "  --timeout SECONDS  how long to wait for the response (no limit)";

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"path", required_argument, NULL, 'p'},
                                            {"message", required_argument, NULL, 'm'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = "/tmp/my_socket", *message = "Hello from Unix echo client!";
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'm': message = optarg; break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int server = connect_unix(path);
    say("Unix Echo Client: connected to '%s'.", path);

    /* Sends the message, then shuts down the write side to mark the end of the message. */
    const size_t length = strlen(message);
    for (size_t sent = 0; sent < length;) {
        ssize_t part = send(server, message + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (part == -1 && (errno != EAGAIN || !wait_for(server, POLLOUT, timeout)))
            err(EXIT_FAILURE, "send '%s'", path);
        sent += part == -1 ? 0 : (size_t)part;
    }
    if (shutdown(server, SHUT_WR) == -1)
        err(EXIT_FAILURE, "shutdown '%s'", path);
    say("Unix Echo Client: sent '%s' (%zu bytes).", shown(message, length), length);

    /* Reads to the end of file: one recv(2) may return only part of the data. */
    char *received = NULL;
    size_t total = 0, room = 0;
    ssize_t count;
    do {
        if (total == room && !(received = reallocf(received, room = 2 * room + 4096)))
            err(EX_OSERR, "malloc");
        if (!wait_for(server, POLLIN, timeout))
            err(EXIT_FAILURE, "recv '%s'", path);
        count = recv(server, received + total, room - total, 0);
        if (count == -1)
            err(EXIT_FAILURE, "recv '%s'", path);
        total += (size_t)count;
    } while (count != 0);
    say("Unix Echo Client: received '%s' (%zu bytes).", shown(received, total), total);
    free(received);
    close(server);
    return EXIT_SUCCESS;
}
