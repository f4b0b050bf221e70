/* Shared by the example programs with sockets: addresses, and Unix sockets that listen or connect. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "example.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Creates a Unix stream socket that listens at `path`. Its file has exactly these permissions, and is removed
 * if the program fails later. */
int listen_unix(const char *path, mode_t mode);

/* Removes the socket file, and reports any failure. */
void remove_unix(const char *path);

/* Connects to a Unix stream socket. */
int connect_unix(const char *path);

/* Waits for a client and accepts it. Error messages use `name` as the listener's name. */
int accept_client(int listener, const char *name, struct timeout timeout);

struct internet_address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

/* Parses an IPv4 or IPv6 address: the value of --address. Names are not resolved. */
struct internet_address internet_option(const char *text, uint16_t port);

/* Returns 127.0.0.1:7777 or [::1]:7777, valid until the next call. */
const char *shown_address(const struct internet_address *address);

#endif
