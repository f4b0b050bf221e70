/* Echoes what each client sends, one client after another. Counterpart: unix_echo_client.c. */
#include "common/sockets.h"

#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: unix_echo_server [--path P] [--count K] [--mode OCTAL] [--timeout SECONDS]\n"
    "  --path P           the socket (/tmp/my_socket)\n"
    "  --count K          how many clients are served (1)\n"
    "  --mode OCTAL       its permissions (0600)\n"
    "  --timeout SECONDS  how long to wait for the clients and for end of file (no limit)";

/* Echoes the received bytes until end of file. */
static size_t echo(int client, const char *path, struct timeout timeout) {
    char bytes[4096];
    size_t total = 0;
    for (;;) {
        if (!wait_for(client, POLLIN, timeout))
            err(EXIT_FAILURE, "recv '%s'", path);
        ssize_t count = recv(client, bytes, sizeof bytes, 0);
        if (count == -1)
            err(EXIT_FAILURE, "recv '%s'", path);
        if (count == 0)
            return total;
        for (ssize_t sent = 0; sent < count;) {
            /* If the client has closed the connection, this call fails. Without MSG_NOSIGNAL, SIGPIPE
             * would terminate the server. */
            ssize_t part = send(client, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (part == -1 && (errno != EAGAIN || !wait_for(client, POLLOUT, timeout)))
                err(EXIT_FAILURE, "send '%s'", path);
            sent += part == -1 ? 0 : part;
        }
        total += (size_t)count;
    }
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"path", required_argument, NULL, 'p'}, {"count", required_argument, NULL, 'c'},
        {"mode", required_argument, NULL, 'o'}, {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *path = "/tmp/my_socket";
    unsigned count = 1;
    mode_t mode = 0600;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT32_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int listener = listen_unix(path, mode);
    say("Unix Echo Server: listening at '%s'.", path);

    for (; count > 0; count--) {
        const int client = accept_client(listener, path, timeout);
        const size_t total = echo(client, path, timeout);
        close(client);
        say("Unix Echo Server: sent back %zu bytes.", total);
    }
    close(listener);
    remove_unix(path);
    say("Unix Echo Server: removed '%s'.", path);
    return EXIT_SUCCESS;
}
