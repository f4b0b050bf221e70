/* Socket addresses and socket timeouts (address.c, message.c, socket.c). */
#ifndef SOCKET_H
#define SOCKET_H

#include "call.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

extern const struct symbol peer_socket_types[];

struct address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_un un; /* the longest kind of address */
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};
struct address peer_address(struct call *);
bool peer_parse_internet(const char *text, struct address *);
void peer_reply_address(struct call *, const struct address *);

/* The timeout of a socket call, set with SO_RCVTIMEO or SO_SNDTIMEO. */
struct socket_wait {
    int option;
    bool timed, retry, begun;
    ssize_t moved; /* bytes transferred before a later call failed */
    struct timespec deadline;
};
struct socket_wait peer_socket_wait(struct call *, int option, int flags);
bool peer_begin_socket_wait(struct socket_wait *, int fd);
bool peer_end_socket_wait(struct socket_wait *, int fd, ssize_t *result);

#endif
