// Sockets: addresses are structures with a length that tells as much as they do, and accept4(2) is hidden.
// Each function returns what its namesake returns, and leaves errno as it does.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// struct sockaddr_un with its length: `name` is as much of sun_path as that length covers.
struct cipc_unix_address {
    size_t length;
    uint8_t name[108];
};

int cipc_unix_bind(int socket, const struct cipc_unix_address *address);
int cipc_unix_connect(int socket, const struct cipc_unix_address *address);
/// getsockname(2), or getpeername(2).
int cipc_unix_name(int socket, int of_peer, struct cipc_unix_address *address);
/// accept4(2) with SOCK_CLOEXEC. The address is the peer's.
int cipc_unix_accept(int listener, struct cipc_unix_address *address);

/// socket(2) and socketpair(2) of the Unix domain, with SOCK_CLOEXEC.
int cipc_unix_socket(int type);
int cipc_unix_pair(int type, int sockets[2]);

/// sendto(2) with MSG_NOSIGNAL; without an address, send(2).
intptr_t cipc_unix_send(int socket, const void *bytes, size_t count, int flags,
                        const struct cipc_unix_address *address);

/// recvmsg(2) without control messages.
struct cipc_unix_arrival {
    struct cipc_unix_address from;
    int flags;
};
intptr_t cipc_unix_receive(int socket, void *bytes, size_t count, int flags,
                           struct cipc_unix_arrival *arrival);

/// recv(2), and send(2) with MSG_NOSIGNAL. `now`: with MSG_DONTWAIT.
intptr_t cipc_socket_read(int socket, void *bytes, size_t count, int now);
intptr_t cipc_socket_write(int socket, const void *bytes, size_t count, int now);

/// getsockopt(2) and setsockopt(2) of SOL_SOCKET, for options that are an int.
int cipc_socket_option(int socket, int option, int *value);
int cipc_set_socket_option(int socket, int option, int value);
/// SO_RCVTIMEO, or SO_SNDTIMEO: 0 is for ever; rounded up to microseconds.
int cipc_set_socket_timeout(int socket, int option, int64_t nanoseconds);
