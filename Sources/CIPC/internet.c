#include "cipc_internet.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static socklen_t unpack(const struct cipc_internet_address *address, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (address->version == 4) {
        struct sockaddr_in *name = (struct sockaddr_in *)to;
        name->sin_family = AF_INET;
        name->sin_port = htons(address->port);
        memcpy(&name->sin_addr, &address->first, sizeof name->sin_addr);
        return sizeof *name;
    }
    struct sockaddr_in6 *name = (struct sockaddr_in6 *)to;
    name->sin6_family = AF_INET6;
    name->sin6_port = htons(address->port);
    name->sin6_scope_id = address->scope;
    memcpy(&name->sin6_addr, &address->first, 8);
    memcpy((char *)&name->sin6_addr + 8, &address->second, 8);
    return sizeof *name;
}

static void pack(const struct sockaddr_storage *from, socklen_t length,
                 struct cipc_internet_address *address) {
    memset(address, 0, sizeof *address);
    if (length >= sizeof(struct sockaddr_in) && from->ss_family == AF_INET) {
        const struct sockaddr_in *name = (const struct sockaddr_in *)from;
        address->version = 4;
        address->port = ntohs(name->sin_port);
        memcpy(&address->first, &name->sin_addr, sizeof name->sin_addr);
    } else if (length >= sizeof(struct sockaddr_in6) && from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *name = (const struct sockaddr_in6 *)from;
        address->version = 6;
        address->port = ntohs(name->sin6_port);
        address->scope = name->sin6_scope_id;
        memcpy(&address->first, &name->sin6_addr, 8);
        memcpy(&address->second, (const char *)&name->sin6_addr + 8, 8);
    }
}

int cipc_internet_socket(int version, int type) {
    return socket(version == 4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
}

int cipc_internet_bind(int socket, const struct cipc_internet_address *address) {
    struct sockaddr_storage name;
    socklen_t length = unpack(address, &name);
    return bind(socket, (struct sockaddr *)&name, length);
}

int cipc_internet_connect(int socket, const struct cipc_internet_address *address) {
    struct sockaddr_storage name;
    socklen_t length = unpack(address, &name);
    return connect(socket, (struct sockaddr *)&name, length);
}

int cipc_internet_name(int socket, int of_peer, struct cipc_internet_address *address) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int result = of_peer ? getpeername(socket, (struct sockaddr *)&name, &length)
                         : getsockname(socket, (struct sockaddr *)&name, &length);
    if (result == 0)
        pack(&name, length, address);
    return result;
}

int cipc_internet_accept(int listener, struct cipc_internet_address *address) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int result = accept4(listener, (struct sockaddr *)&name, &length, SOCK_CLOEXEC);
    if (result != -1)
        pack(&name, length, address);
    return result;
}

intptr_t cipc_internet_send(int socket, const void *bytes, size_t count, int flags,
                            const struct cipc_internet_address *address) {
    struct sockaddr_storage name;
    socklen_t length = unpack(address, &name);
    return sendto(socket, bytes, count, flags | MSG_NOSIGNAL, (struct sockaddr *)&name, length);
}

intptr_t cipc_internet_receive(int socket, void *bytes, size_t count, int flags,
                               struct cipc_internet_address *from) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    intptr_t result = recvfrom(socket, bytes, count, flags, (struct sockaddr *)&name, &length);
    if (result != -1)
        pack(&name, length, from);
    return result;
}

int cipc_socket_linger(int socket, int *seconds) {
    struct linger value;
    socklen_t length = sizeof value;
    int result = getsockopt(socket, SOL_SOCKET, SO_LINGER, &value, &length);
    if (result == 0)
        *seconds = value.l_onoff ? value.l_linger : -1;
    return result;
}

int cipc_set_socket_linger(int socket, int seconds) {
    struct linger value = {.l_onoff = seconds != -1, .l_linger = seconds != -1 ? seconds : 0};
    return setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

int cipc_socket_drops(int socket, uint32_t *drops) {
    uint32_t values[SK_MEMINFO_VARS];
    socklen_t length = sizeof values;
    int result = getsockopt(socket, SOL_SOCKET, SO_MEMINFO, values, &length);
    if (result == 0)
        *drops = values[SK_MEMINFO_DROPS];
    return result;
}

int cipc_internet_membership(int socket, int join, const struct cipc_internet_address *group,
                             uint32_t interface) {
    struct group_req request = {.gr_interface = interface};
    unpack(group, &request.gr_group);
    return setsockopt(socket, group->version == 4 ? IPPROTO_IP : IPPROTO_IPV6,
                      join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request, sizeof request);
}

int cipc_internet_multicast_interface(int socket, int version, uint32_t interface) {
    if (version == 4) {
        struct ip_mreqn request = {.imr_ifindex = (int)interface};
        return setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    }
    int index = (int)interface;
    return setsockopt(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
}
