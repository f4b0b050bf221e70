// Sockets of all address families: the calls and structures that Swift's import of the C library does not
// include. Each function returns the same result as the C function that it is named after, and sets errno in
// the same way. All functions that send use MSG_NOSIGNAL.
#pragma once
#include "cipc_pipe.h"

#include <stddef.h>
#include <stdint.h>

/// The first `length` bytes of a struct sockaddr of any family; `length` is 0 if there is no address.
struct cipc_address {
    uint64_t words[14];
    uint32_t length;
};

/// Mirrors struct sockaddr_in or struct sockaddr_in6. The port and the scope are in host byte order.
struct cipc_internet_address {
    /// The bytes in network byte order; an IPv4 address is in the first four.
    uint64_t first, second;
    uint32_t scope;
    uint16_t port;
    /// 4 or 6; 0 for another family.
    uint16_t version;
};
struct cipc_address cipc_address_of_internet(struct cipc_internet_address address);
struct cipc_internet_address cipc_internet_of_address(const struct cipc_address *address);

/// An AF_UNIX address with this sun_path, which is at most CIPC_SUN_PATH bytes long.
enum { CIPC_SUN_PATH = 108 };
struct cipc_address cipc_address_of_unix(const void *path, size_t length);
/// The used part of sun_path, within `address`; its length is 0 if the socket has no name.
const uint8_t *cipc_unix_path(const struct cipc_address *address, size_t *length);

/// Call socket(2) and socketpair(2) with SOCK_CLOEXEC.
int cipc_socket(int domain, int type);
int cipc_socket_pair(int domain, int type, int sockets[2]);

int cipc_bind(int socket, const struct cipc_address *address);
/// Calls fchmod(2) and bind(2) for a path. The file's mode is `mode`, reduced by the process's umask unless
/// `exactly` is set.
int cipc_bind_path(int socket, const struct cipc_address *address, uint32_t mode, int exactly);
int cipc_connect(int socket, const struct cipc_address *address);
/// Calls connect(2) with AF_UNSPEC, which disconnects a datagram socket.
int cipc_disconnect(int socket);
/// Calls getsockname(2) or getpeername(2).
int cipc_socket_name(int socket, int of_peer, struct cipc_address *address);
/// Calls accept4(2) with SOCK_CLOEXEC. Stores the peer's address.
int cipc_accept(int listener, struct cipc_address *address);

/// Call recv(2) and send(2).
intptr_t cipc_socket_read(int socket, void *bytes, size_t count, int flags);
intptr_t cipc_socket_write(int socket, const void *bytes, size_t count, int flags);
/// Call recvmsg(2) and sendmsg(2) with several parts and no ancillary data.
intptr_t cipc_socket_readv(int socket, const struct cipc_part *parts, size_t count, int flags);
intptr_t cipc_socket_writev(int socket, const struct cipc_part *parts, size_t count, int flags);
/// Call recvfrom(2) and sendto(2).
intptr_t cipc_receive_from(int socket, void *bytes, size_t count, int flags, struct cipc_address *from);
intptr_t cipc_send_to(int socket, const void *bytes, size_t count, int flags, const struct cipc_address *to);
/// Call recvfrom(2) and sendto(2) with an internet address. With the longer cipc_address, Swift would copy
/// more bytes. Receiving fails with EAFNOSUPPORT if the sender's address belongs to another family.
intptr_t cipc_internet_receive(int socket, void *bytes, size_t count, int flags,
                               struct cipc_internet_address *from);
intptr_t cipc_internet_send(int socket, const void *bytes, size_t count, int flags,
                            const struct cipc_internet_address *to);

/// Mirrors struct ucred.
struct cipc_credentials {
    int32_t process;
    uint32_t user;
    uint32_t group;
};

/// The maximum number of messages in one call to cipc_send_many or cipc_receive_many.
enum { CIPC_MAXIMUM_MESSAGES = 64, CIPC_MSG_WAITFORONE = 0x10000, CIPC_MSG_MORE = 0x8000 };
/// Calls sendmmsg(2). `bytes` contains the messages one after another; `lengths` contains their lengths.
int cipc_send_many(int socket, const void *bytes, const size_t *lengths, unsigned count, int flags);
/// Calls recvmmsg(2) with MSG_TRUNC. The buffer for each message has `size` bytes. Stores the messages'
/// original lengths in `lengths`.
int cipc_receive_many(int socket, void *bytes, size_t size, size_t *lengths, unsigned count, int flags);

/// The maximum number of descriptors in a message (SCM_MAX_FD).
enum { CIPC_MAXIMUM_DESCRIPTORS = 253 };

/// Calls sendmsg(2) with SCM_RIGHTS for `count` descriptors, and with SCM_CREDENTIALS unless
/// `credentials` is NULL.
intptr_t cipc_send_ancillary(int socket, const void *bytes, size_t length, int flags, const int *descriptors,
                             size_t count, const struct cipc_credentials *credentials);

/// The results of recvmsg(2) other than the bytes.
struct cipc_received {
    struct cipc_address from;
    int flags;
    size_t descriptor_count;
    int has_credentials;
    struct cipc_credentials credentials;
    /// A pidfd for the sender, if SO_PASSPIDFD is set; otherwise -1.
    int process;
};
/// Calls recvmsg(2) with MSG_CMSG_CLOEXEC. `descriptors` has room for CIPC_MAXIMUM_DESCRIPTORS.
intptr_t cipc_receive_ancillary(int socket, void *bytes, size_t count, int flags, int *descriptors,
                                struct cipc_received *received);

/// Call getsockopt(2) with SO_PEERCRED and SO_PEERPIDFD, respectively.
int cipc_peer_credentials(int socket, struct cipc_credentials *credentials);
int cipc_peer_pidfd(int socket);

enum { CIPC_SO_PASSCRED = 16, CIPC_SO_PASSPIDFD = 76 };
/// Call getsockopt(2) and setsockopt(2) for options that are an int.
int cipc_socket_option(int socket, int level, int option, int *value);
int cipc_set_socket_option(int socket, int level, int option, int value);
/// Get and set SO_RCVTIMEO or SO_SNDTIMEO in microseconds; 0 means no limit.
int cipc_socket_timeout(int socket, int sending, int64_t *microseconds);
int cipc_set_socket_timeout(int socket, int sending, int64_t microseconds);
/// Get and set SO_LINGER in seconds; -1 means off.
int cipc_socket_linger(int socket, int *seconds);
int cipc_set_socket_linger(int socket, int seconds);
/// Calls getsockopt(2) with SO_MEMINFO to get the number of messages dropped because the receive buffer was
/// full.
int cipc_socket_drops(int socket, uint32_t *drops);

/// Sets MCAST_JOIN_GROUP or MCAST_LEAVE_GROUP. The port in the address is ignored.
int cipc_internet_membership(int socket, int join, const struct cipc_address *group, uint32_t interface);
/// Sets IP_MULTICAST_IF or IPV6_MULTICAST_IF.
int cipc_internet_multicast_interface(int socket, int version, uint32_t interface);
