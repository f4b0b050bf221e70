/* The socket addresses of the example programs, and Unix sockets that listen or connect. */
#include "sockets.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un unix_address(const char *path, const char *call) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        err(EXIT_FAILURE, "%s '%s'", call, path);
    }
    return address;
}

static int unix_socket(void) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        err(EXIT_FAILURE, "socket");
    return fd;
}

/* The path that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        unlink(created);
}

/* The kernel gives the file the socket's mode, so the file is never more permissive than requested. */
int listen_unix(const char *path, mode_t mode) {
    const struct sockaddr_un address = unix_address(path, "bind");
    const int listener = unix_socket();
    atexit(remove_created);
    umask(0);
    if (fchmod(listener, mode) == -1 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) == -1)
        err(EXIT_FAILURE, "bind '%s'", path);
    created = path;
    if (listen(listener, SOMAXCONN) == -1)
        err(EXIT_FAILURE, "listen '%s'", path);
    return listener;
}

void remove_unix(const char *path) {
    created = NULL;
    if (unlink(path) == -1)
        err(EXIT_FAILURE, "unlink '%s'", path);
}

int connect_unix(const char *path) {
    const struct sockaddr_un address = unix_address(path, "connect");
    const int server = unix_socket();
    if (connect(server, (const struct sockaddr *)&address, sizeof address) == -1)
        err(EXIT_FAILURE, "connect '%s'", path);
    return server;
}

int accept_client(int listener, const char *name, struct timeout timeout) {
    const int client = wait_for(listener, POLLIN, timeout) ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (client == -1)
        err(EXIT_FAILURE, "accept4 '%s'", name);
    return client;
}

struct internet_address internet_option(const char *text, uint16_t port) {
    struct internet_address address = {0};
    if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
        address.length = sizeof address.in;
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1) {
        address.length = sizeof address.in6;
        address.in6.sin6_family = AF_INET6;
        address.in6.sin6_port = htons(port);
    } else {
        errx(EX_USAGE, "--address '%s': a numeric address expected", text);
    }
    return address;
}

const char *shown_address(const struct internet_address *address) {
    static char text[INET6_ADDRSTRLEN + sizeof "[]:65535"];
    char host[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof host);
        snprintf(text, sizeof text, "%s:%u", host, ntohs(address->in.sin_port));
    } else {
        inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof host);
        snprintf(text, sizeof text, "[%s]:%u", host, ntohs(address->in6.sin6_port));
    }
    return text;
}
