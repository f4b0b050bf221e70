#include "cipc_socket.h"

#include "cipc_umask.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const size_t before_path = offsetof(struct sockaddr_un, sun_path);

_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == CIPC_SUN_PATH, "sun_path");
_Static_assert(sizeof(struct sockaddr_un) <= sizeof((struct cipc_address *)0)->words &&
                   sizeof(struct sockaddr_in6) <= sizeof((struct cipc_address *)0)->words,
               "struct cipc_address has room for every address");

static const struct sockaddr *name_of(const struct cipc_address *address) {
    return (const struct sockaddr *)address->words;
}

static struct sockaddr *room_of(struct cipc_address *address) {
    address->length = sizeof address->words;
    return (struct sockaddr *)address->words;
}

union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/// Initializes only the used part, because this function runs for each datagram.
static inline socklen_t name_of_internet(union name *name, const struct cipc_internet_address *address) {
    if (address->version == 4) {
        name->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&name->v4.sin_addr, &address->first, sizeof name->v4.sin_addr);
        return sizeof name->v4;
    }
    name->v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(address->port), .sin6_scope_id = address->scope};
    memcpy(&name->v6.sin6_addr, &address->first, 8);
    memcpy((char *)&name->v6.sin6_addr + 8, &address->second, 8);
    return sizeof name->v6;
}

struct cipc_address cipc_address_of_internet(struct cipc_internet_address address) {
    struct cipc_address result = {.length = 0};
    union name name;
    result.length = name_of_internet(&name, &address);
    memcpy(result.words, &name, result.length);
    return result;
}

struct cipc_internet_address cipc_internet_of_address(const struct cipc_address *address) {
    struct cipc_internet_address result = {.version = 0};
    sa_family_t family;
    memcpy(&family, address->words, sizeof family);
    if (address->length >= sizeof(struct sockaddr_in) && family == AF_INET) {
        struct sockaddr_in name;
        memcpy(&name, address->words, sizeof name);
        result.version = 4;
        result.port = ntohs(name.sin_port);
        memcpy(&result.first, &name.sin_addr, sizeof name.sin_addr);
    } else if (address->length >= sizeof(struct sockaddr_in6) && family == AF_INET6) {
        struct sockaddr_in6 name;
        memcpy(&name, address->words, sizeof name);
        result.version = 6;
        result.port = ntohs(name.sin6_port);
        result.scope = name.sin6_scope_id;
        memcpy(&result.first, &name.sin6_addr, 8);
        memcpy(&result.second, (const char *)&name.sin6_addr + 8, 8);
    }
    return result;
}

struct cipc_address cipc_address_of_unix(const void *path, size_t length) {
    struct cipc_address result = {.length = (uint32_t)(before_path + length)};
    const sa_family_t family = AF_UNIX;
    memcpy(result.words, &family, sizeof family);
    if (length > 0)
        memcpy((char *)result.words + before_path, path, length);
    return result;
}

const uint8_t *cipc_unix_path(const struct cipc_address *address, size_t *length) {
    // If a path fills sun_path without a NUL, the kernel reports a length that is one byte too large.
    const size_t used =
        address->length < sizeof(struct sockaddr_un) ? address->length : sizeof(struct sockaddr_un);
    *length = used > before_path ? used - before_path : 0;
    return (const uint8_t *)address->words + before_path;
}

int cipc_socket(int domain, int type) {
    return socket(domain, type | SOCK_CLOEXEC, 0);
}

int cipc_socket_pair(int domain, int type, int sockets[2]) {
    return socketpair(domain, type | SOCK_CLOEXEC, 0, sockets);
}

int cipc_bind(int socket, const struct cipc_address *address) {
    return bind(socket, name_of(address), address->length);
}

struct binding {
    int socket;
    const struct cipc_address *address;
};

static int perform_binding(void *argument) {
    const struct binding *binding = argument;
    return cipc_bind(binding->socket, binding->address);
}

int cipc_bind_path(int socket, const struct cipc_address *address, uint32_t mode, int exactly) {
    // The file has the socket's mode, reduced by the umask.
    if (fchmod(socket, mode) == -1)
        return -1;
    struct binding binding = {.socket = socket, .address = address};
    return exactly ? cipc_without_umask(mode, perform_binding, &binding) : perform_binding(&binding);
}

int cipc_connect(int socket, const struct cipc_address *address) {
    return connect(socket, name_of(address), address->length);
}

int cipc_socket_name(int socket, int of_peer, struct cipc_address *address) {
    struct sockaddr *room = room_of(address);
    return of_peer ? getpeername(socket, room, &address->length)
                   : getsockname(socket, room, &address->length);
}

int cipc_accept(int listener, struct cipc_address *address) {
    return accept4(listener, room_of(address), &address->length, SOCK_CLOEXEC);
}

intptr_t cipc_socket_read(int socket, void *bytes, size_t count, int flags) {
    return recv(socket, bytes, count, flags);
}

intptr_t cipc_socket_write(int socket, const void *bytes, size_t count, int flags) {
    return send(socket, bytes, count, flags | MSG_NOSIGNAL);
}

intptr_t cipc_socket_readv(int socket, const struct cipc_part *parts, size_t count, int flags) {
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    return recvmsg(socket, &message, flags);
}

intptr_t cipc_socket_writev(int socket, const struct cipc_part *parts, size_t count, int flags) {
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

intptr_t cipc_receive_from(int socket, void *bytes, size_t count, int flags, struct cipc_address *from) {
    return recvfrom(socket, bytes, count, flags, room_of(from), &from->length);
}

intptr_t cipc_send_to(int socket, const void *bytes, size_t count, int flags, const struct cipc_address *to) {
    return sendto(socket, bytes, count, flags | MSG_NOSIGNAL, name_of(to), to->length);
}

intptr_t cipc_internet_receive(int socket, void *bytes, size_t count, int flags,
                               struct cipc_internet_address *from) {
    struct cipc_address address;
    const intptr_t result = cipc_receive_from(socket, bytes, count, flags, &address);
    if (result == -1)
        return -1;
    *from = cipc_internet_of_address(&address);
    if (from->version != 0)
        return result;
    errno = EAFNOSUPPORT;
    return -1;
}

intptr_t cipc_internet_send(int socket, const void *bytes, size_t count, int flags,
                            const struct cipc_internet_address *to) {
    union name name;
    const socklen_t length = name_of_internet(&name, to);
    return sendto(socket, bytes, count, flags | MSG_NOSIGNAL, &name.any, length);
}

_Static_assert(sizeof(struct cipc_credentials) == sizeof(struct ucred) &&
                   offsetof(struct cipc_credentials, user) == offsetof(struct ucred, uid) &&
                   offsetof(struct cipc_credentials, group) == offsetof(struct ucred, gid),
               "struct ucred");
_Static_assert((int)CIPC_SO_PASSCRED == SO_PASSCRED, "SO_PASSCRED");

union control {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(CIPC_MAXIMUM_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
               CMSG_SPACE(sizeof(int))];
};

static struct cmsghdr *append(struct msghdr *message, struct cmsghdr *header, int type, const void *data,
                              size_t size) {
    // CMSG_LEN is the length of the contents; CMSG_SPACE, the distance to the next header, includes padding.
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), data, size);
    return CMSG_NXTHDR(message, header);
}

intptr_t cipc_send_ancillary(int socket, const void *bytes, size_t length, int flags, const int *descriptors,
                             size_t count, const struct cipc_credentials *credentials) {
    if (count > CIPC_MAXIMUM_DESCRIPTORS) {
        errno = EINVAL; // The kernel reports the same error for too many descriptors.
        return -1;
    }
    union control control;
    const size_t size = (count > 0 ? CMSG_SPACE(count * sizeof(int)) : 0) +
                        (credentials != NULL ? CMSG_SPACE(sizeof *credentials) : 0);
    memset(&control, 0, size);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = size > 0 ? &control : NULL, .msg_controllen = size};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (count > 0)
        header = append(&message, header, SCM_RIGHTS, descriptors, count * sizeof(int));
    if (credentials != NULL)
        append(&message, header, SCM_CREDENTIALS, credentials, sizeof *credentials);
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

enum { PIDFD = 4 }; // SCM_PIDFD, since Linux 6.5

static void unpack(struct msghdr *message, int *descriptors, struct cipc_received *received) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_len < CMSG_LEN(0))
            continue;
        const size_t length = header->cmsg_len - CMSG_LEN(0), count = length / sizeof(int);
        if (header->cmsg_type == SCM_RIGHTS &&
            count <= CIPC_MAXIMUM_DESCRIPTORS - received->descriptor_count) {
            memcpy(descriptors + received->descriptor_count, CMSG_DATA(header), count * sizeof(int));
            received->descriptor_count += count;
        }
        if (header->cmsg_type == SCM_CREDENTIALS && length >= sizeof received->credentials) {
            memcpy(&received->credentials, CMSG_DATA(header), sizeof received->credentials);
            received->has_credentials = 1;
        }
        // A message contains a pidfd if SO_PASSPIDFD was set, perhaps by the process that passed the
        // socket on. The pidfd is a negative error number if the kernel could not create one.
        if (header->cmsg_type == PIDFD && length >= sizeof(int))
            memcpy(&received->process, CMSG_DATA(header), sizeof received->process);
    }
}

intptr_t cipc_receive_ancillary(int socket, void *bytes, size_t count, int flags, int *descriptors,
                                struct cipc_received *received) {
    union control control;
    struct iovec room = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_name = received->from.words,
                             .msg_namelen = sizeof received->from.words,
                             .msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    const intptr_t result = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (result != -1) {
        received->from.length = message.msg_namelen;
        received->flags = message.msg_flags;
        received->descriptor_count = 0;
        received->has_credentials = 0;
        received->process = -1;
        unpack(&message, descriptors, received);
    }
    return result;
}

int cipc_peer_credentials(int socket, struct cipc_credentials *credentials) {
    socklen_t length = sizeof *credentials;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, credentials, &length);
}

int cipc_peer_pidfd(int socket) {
    enum { PEERPIDFD = 77 }; // SO_PEERPIDFD, since Linux 6.5; the number differs only on parisc and sparc
    int process = -1;
    socklen_t length = sizeof process;
    return getsockopt(socket, SOL_SOCKET, PEERPIDFD, &process, &length) == 0 ? process : -1;
}

int cipc_socket_option(int socket, int level, int option, int *value) {
    socklen_t length = sizeof *value;
    return getsockopt(socket, level, option, value, &length);
}

int cipc_set_socket_option(int socket, int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value);
}

_Static_assert((int)CIPC_MSG_WAITFORONE == MSG_WAITFORONE && (int)CIPC_MSG_MORE == MSG_MORE, "MSG_*");

int cipc_disconnect(int socket) {
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    return connect(socket, &none, sizeof none);
}

int cipc_send_many(int socket, const void *bytes, const size_t *lengths, unsigned count, int flags) {
    struct mmsghdr messages[CIPC_MAXIMUM_MESSAGES];
    struct iovec parts[CIPC_MAXIMUM_MESSAGES];
    const char *begin = bytes;
    count = count < CIPC_MAXIMUM_MESSAGES ? count : CIPC_MAXIMUM_MESSAGES;
    for (unsigned i = 0; i < count; begin += lengths[i++]) {
        parts[i] = (struct iovec){.iov_base = (void *)begin, .iov_len = lengths[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    return sendmmsg(socket, messages, count, flags | MSG_NOSIGNAL);
}

int cipc_receive_many(int socket, void *bytes, size_t size, size_t *lengths, unsigned count, int flags) {
    struct mmsghdr messages[CIPC_MAXIMUM_MESSAGES];
    struct iovec parts[CIPC_MAXIMUM_MESSAGES];
    count = count < CIPC_MAXIMUM_MESSAGES ? count : CIPC_MAXIMUM_MESSAGES;
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = (char *)bytes + i * size, .iov_len = size};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    // recvmmsg(2) checks its timeout only after each message, so the timeout does not limit the wait.
    const int received = recvmmsg(socket, messages, count, flags | MSG_TRUNC, NULL);
    for (int i = 0; i < received; i++)
        lengths[i] = messages[i].msg_len;
    return received;
}

int cipc_socket_timeout(int socket, int sending, int64_t *microseconds) {
    struct timeval value;
    socklen_t length = sizeof value;
    const int result = getsockopt(socket, SOL_SOCKET, sending ? SO_SNDTIMEO : SO_RCVTIMEO, &value, &length);
    if (result == 0)
        *microseconds = (int64_t)value.tv_sec * 1000000 + value.tv_usec;
    return result;
}

int cipc_set_socket_timeout(int socket, int sending, int64_t microseconds) {
    const struct timeval value = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
    return setsockopt(socket, SOL_SOCKET, sending ? SO_SNDTIMEO : SO_RCVTIMEO, &value, sizeof value);
}

int cipc_socket_linger(int socket, int *seconds) {
    struct linger value;
    socklen_t length = sizeof value;
    const int result = getsockopt(socket, SOL_SOCKET, SO_LINGER, &value, &length);
    if (result == 0)
        *seconds = value.l_onoff ? value.l_linger : -1;
    return result;
}

int cipc_set_socket_linger(int socket, int seconds) {
    const struct linger value = {.l_onoff = seconds != -1, .l_linger = seconds != -1 ? seconds : 0};
    return setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

int cipc_socket_drops(int socket, uint32_t *drops) {
    uint32_t values[SK_MEMINFO_VARS];
    socklen_t length = sizeof values;
    const int result = getsockopt(socket, SOL_SOCKET, SO_MEMINFO, values, &length);
    if (result == 0)
        *drops = values[SK_MEMINFO_DROPS];
    return result;
}

int cipc_internet_membership(int socket, int join, const struct cipc_address *group, uint32_t interface) {
    struct group_req request = {.gr_interface = interface};
    memcpy(&request.gr_group, group->words, group->length);
    return setsockopt(socket, request.gr_group.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                      join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request, sizeof request);
}

int cipc_internet_multicast_interface(int socket, int version, uint32_t interface) {
    if (version == 4) {
        const struct ip_mreqn request = {.imr_ifindex = (int)interface};
        return setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    }
    const int index = (int)interface;
    return setsockopt(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
}
