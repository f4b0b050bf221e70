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

/// struct ucred.
struct cipc_credentials {
    int32_t process;
    uint32_t user;
    uint32_t group;
};

/// Descriptors and credentials, as they come and go with a message.
enum { CIPC_MOST_DESCRIPTORS = 253 };
struct cipc_enclosure {
    int descriptors[CIPC_MOST_DESCRIPTORS];
    size_t descriptor_count;
    int has_credentials;
    struct cipc_credentials credentials;
};

/// sendmsg(2) with MSG_NOSIGNAL, with SCM_RIGHTS for `count` descriptors and SCM_CREDENTIALS unless NULL.
intptr_t cipc_unix_send_enclosing(int socket, const void *bytes, size_t length, int flags,
                                  const int *descriptors, size_t count,
                                  const struct cipc_credentials *credentials);

/// recvmsg(2) with MSG_CMSG_CLOEXEC; without an enclosure, without room for control messages.
struct cipc_unix_arrival {
    struct cipc_unix_address from;
    int flags;
};
intptr_t cipc_unix_receive(int socket, void *bytes, size_t count, int flags,
                           struct cipc_unix_arrival *arrival, struct cipc_enclosure *enclosure);

/// getsockopt(2) with SO_PEERCRED, and with SO_PEERPIDFD.
int cipc_unix_peer(int socket, struct cipc_credentials *credentials);
int cipc_unix_peer_process(int socket);

/// recv(2), and send(2) with MSG_NOSIGNAL.
intptr_t cipc_socket_read(int socket, void *bytes, size_t count, int flags);
intptr_t cipc_socket_write(int socket, const void *bytes, size_t count, int flags);

enum { CIPC_SO_PASSCRED = 16 };
/// getsockopt(2) and setsockopt(2), for options that are an int.
int cipc_socket_option(int socket, int level, int option, int *value);
int cipc_set_socket_option(int socket, int level, int option, int value);
