/* Sends back what each client sends, one client after another: see unix_echo_client.c. */
#include "example.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char usage[] =
    "usage: unix_echo_server [--path P] [--count K] [--mode OCTAL] [--timeout SECONDS]\n"
    "  --path P           the socket (/tmp/my_socket)\n"
    "  --count K          how many clients are served (1)\n"
    "  --mode OCTAL       its permissions (0600)\n"
    "  --timeout SECONDS  how long to wait for the clients and their ends (for ever)";

/* The path, where this program made it. When it fails, err(3) leaves by exit(3), and that removes it. */
static const char *made;

static void remove_made(void) {
    if (made)
        unlink(made);
}

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        err(EXIT_FAILURE, "bind '%s'", path);
    }
    return address;
}

/* What was sent is sent back, until the client sends no more. */
static size_t echo(int client, const char *path, struct patience patience) {
    char bytes[4096];
    size_t total = 0;
    for (;;) {
        if (!wait_for(client, POLLIN, patience))
            err(EXIT_FAILURE, "recv '%s'", path);
        ssize_t count = recv(client, bytes, sizeof bytes, 0);
        if (count == -1)
            err(EXIT_FAILURE, "recv '%s'", path);
        if (count == 0)
            return total;
        for (ssize_t sent = 0; sent < count;) {
            /* A client that has gone is an error of this call, and not the death of the server by SIGPIPE. */
            ssize_t part = send(client, bytes + sent, (size_t)(count - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (part == -1 && (errno != EAGAIN || !wait_for(client, POLLOUT, patience)))
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
    struct patience patience = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT32_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': patience = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    /* The file gets the mode of the socket: it is never open to more than was asked for. */
    const struct sockaddr_un address = address_of(path);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1)
        err(EXIT_FAILURE, "socket");
    atexit(remove_made);
    umask(0); /* the permissions are as they were asked for */
    if (fchmod(listener, mode) == -1 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) == -1)
        err(EXIT_FAILURE, "bind '%s'", path);
    made = path;
    if (listen(listener, SOMAXCONN) == -1)
        err(EXIT_FAILURE, "listen '%s'", path);
    say("Unix Echo Server: listening at '%s'.", path);

    for (; count > 0; count--) {
        if (!wait_for(listener, POLLIN, patience))
            err(EXIT_FAILURE, "accept4 '%s'", path);
        const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client == -1)
            err(EXIT_FAILURE, "accept4 '%s'", path);
        const size_t total = echo(client, path, patience);
        close(client);
        say("Unix Echo Server: sent back %zu bytes.", total);
    }
    close(listener);

    made = NULL; /* from here on it is removed aloud */
    if (unlink(path) == -1)
        err(EXIT_FAILURE, "unlink '%s'", path);
    say("Unix Echo Server: removed '%s'.", path);
    return EXIT_SUCCESS;
}
