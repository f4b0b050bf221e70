// Sockets of the internet protocols: one structure for the addresses of both versions, and the options that
// are structures. Each function returns what its namesake returns, and leaves errno as it does.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// struct sockaddr_in, or struct sockaddr_in6. The port and the scope are in the order of the machine.
struct cipc_internet_address {
    /// In the order of the network; an IPv4 address is the first four bytes of eight.
    uint64_t first, second;
    uint32_t scope;
    uint16_t port;
    /// 4, 6, or 0 for none.
    uint16_t version;
};

/// socket(2) of AF_INET or AF_INET6, with SOCK_CLOEXEC.
int cipc_internet_socket(int version, int type);
int cipc_internet_bind(int socket, const struct cipc_internet_address *address);
int cipc_internet_connect(int socket, const struct cipc_internet_address *address);
/// getsockname(2), or getpeername(2).
int cipc_internet_name(int socket, int of_peer, struct cipc_internet_address *address);
/// accept4(2) with SOCK_CLOEXEC. The address is the peer's.
int cipc_internet_accept(int listener, struct cipc_internet_address *address);

/// sendto(2) with MSG_NOSIGNAL.
intptr_t cipc_internet_send(int socket, const void *bytes, size_t count, int flags,
                            const struct cipc_internet_address *address);
/// recvfrom(2).
intptr_t cipc_internet_receive(int socket, void *bytes, size_t count, int flags,
                               struct cipc_internet_address *from);

/// SO_LINGER, in seconds; -1 is off.
int cipc_socket_linger(int socket, int *seconds);
int cipc_set_socket_linger(int socket, int seconds);
/// SO_MEMINFO: how many messages were dropped for lack of room.
int cipc_socket_drops(int socket, uint32_t *drops);

/// MCAST_JOIN_GROUP or MCAST_LEAVE_GROUP: the port of the address means nothing.
int cipc_internet_membership(int socket, int join, const struct cipc_internet_address *group,
                             uint32_t interface);
/// IP_MULTICAST_IF, or IPV6_MULTICAST_IF.
int cipc_internet_multicast_interface(int socket, int version, uint32_t interface);
