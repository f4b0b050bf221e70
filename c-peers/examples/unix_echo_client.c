/* Sends a message to a server, and hears it back: see unix_echo_server.c. */
#include "example.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char usage[] = "usage: unix_echo_client [--path P] [--message TEXT] [--timeout SECONDS]\n"
                            "  --path P           the socket (/tmp/my_socket)\n"
                            "  --message TEXT     what is sent (Hello from Unix echo client!)\n"
                            "  --timeout SECONDS  how long to wait for the answer (for ever)";

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        err(EXIT_FAILURE, "bind '%s'", path);
    }
    return address;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"path", required_argument, NULL, 'p'},
                                            {"message", required_argument, NULL, 'm'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = "/tmp/my_socket", *message = "Hello from Unix echo client!";
    struct patience patience = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'm': message = optarg; break;
        case 't': patience = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const struct sockaddr_un address = address_of(path);
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server == -1)
        err(EXIT_FAILURE, "socket");
    if (connect(server, (const struct sockaddr *)&address, sizeof address) == -1)
        err(EXIT_FAILURE, "connect '%s'", path);
    say("Unix Echo Client: connected to '%s'.", path);

    /* Then sends no more, so that the server knows where the message ends, and still receives. */
    const size_t length = strlen(message);
    for (size_t sent = 0; sent < length;) {
        ssize_t part = send(server, message + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (part == -1 && (errno != EAGAIN || !wait_for(server, POLLOUT, patience)))
            err(EXIT_FAILURE, "send '%s'", path);
        sent += part == -1 ? 0 : (size_t)part;
    }
    if (shutdown(server, SHUT_WR) == -1)
        err(EXIT_FAILURE, "shutdown '%s'", path);
    say("Unix Echo Client: sent '%s' (%zu bytes).", shown(message, length), length);

    /* To the end of file, since one recv(2) may bring only a part. */
    char *received = NULL;
    size_t total = 0, room = 0;
    ssize_t count;
    do {
        if (total == room && !(received = reallocf(received, room = 2 * room + 4096)))
            err(EX_OSERR, "malloc");
        if (!wait_for(server, POLLIN, patience))
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
