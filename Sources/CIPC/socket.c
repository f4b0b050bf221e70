#include "cipc_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == sizeof((struct cipc_unix_address *)0)->name,
               "sun_path");

static const size_t before_name = offsetof(struct sockaddr_un, sun_path);

static socklen_t unpack(const struct cipc_unix_address *address, struct sockaddr_un *to) {
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(to->sun_path, address->name, address->length);
    return (socklen_t)(before_name + address->length);
}

static void pack(const struct sockaddr_un *from, socklen_t length, struct cipc_unix_address *address) {
    // The kernel tells one more than there is room for when a path fills sun_path and has no NUL.
    if (length > sizeof *from)
        length = sizeof *from;
    address->length = length > before_name ? length - before_name : 0;
    memcpy(address->name, from->sun_path, address->length);
}

int cipc_unix_bind(int socket, const struct cipc_unix_address *address) {
    struct sockaddr_un name;
    socklen_t length = unpack(address, &name);
    return bind(socket, (struct sockaddr *)&name, length);
}

int cipc_unix_connect(int socket, const struct cipc_unix_address *address) {
    struct sockaddr_un name;
    socklen_t length = unpack(address, &name);
    return connect(socket, (struct sockaddr *)&name, length);
}

int cipc_unix_name(int socket, int of_peer, struct cipc_unix_address *address) {
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    int result = of_peer ? getpeername(socket, (struct sockaddr *)&name, &length)
                         : getsockname(socket, (struct sockaddr *)&name, &length);
    if (result == 0)
        pack(&name, length, address);
    return result;
}

int cipc_unix_accept(int listener, struct cipc_unix_address *address) {
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    int result = accept4(listener, (struct sockaddr *)&name, &length, SOCK_CLOEXEC);
    if (result != -1)
        pack(&name, length, address);
    return result;
}

int cipc_unix_socket(int type) {
    return socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

int cipc_unix_pair(int type, int sockets[2]) {
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets);
}

intptr_t cipc_unix_send(int socket, const void *bytes, size_t count, int flags,
                        const struct cipc_unix_address *address) {
    struct sockaddr_un name;
    socklen_t length = address != NULL ? unpack(address, &name) : 0;
    return sendto(socket, bytes, count, flags | MSG_NOSIGNAL, length > 0 ? (struct sockaddr *)&name : NULL,
                  length);
}

_Static_assert(sizeof(struct cipc_credentials) == sizeof(struct ucred) &&
                   offsetof(struct cipc_credentials, user) == offsetof(struct ucred, uid) &&
                   offsetof(struct cipc_credentials, group) == offsetof(struct ucred, gid),
               "struct ucred");
_Static_assert(CIPC_SO_PASSCRED == SO_PASSCRED, "SO_PASSCRED");

union control {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(CIPC_MOST_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

intptr_t cipc_unix_send_enclosing(int socket, const void *bytes, size_t length, int flags,
                                  const int *descriptors, size_t count,
                                  const struct cipc_credentials *credentials) {
    union control control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > CIPC_MOST_DESCRIPTORS) {
        errno = EINVAL; // as the kernel says of one more
        return -1;
    }
    // CMSG_SPACE is what a control message takes with its padding, CMSG_LEN what is in it.
    message.msg_controllen = (count > 0 ? CMSG_SPACE(count * sizeof(int)) : 0) +
                             (credentials ? CMSG_SPACE(sizeof *credentials) : 0);
    message.msg_control = message.msg_controllen > 0 ? &control : NULL;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (count > 0) {
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
        header = CMSG_NXTHDR(&message, header);
    }
    if (credentials) {
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS};
        header->cmsg_len = CMSG_LEN(sizeof *credentials);
        memcpy(CMSG_DATA(header), credentials, sizeof *credentials);
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

enum { PIDFD = 4 }; // SCM_PIDFD, since Linux 6.5

static void take_apart(struct msghdr *message, struct cipc_enclosure *enclosure) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_len < CMSG_LEN(0))
            continue;
        size_t length = header->cmsg_len - CMSG_LEN(0);
        size_t count = length / sizeof(int), room = CIPC_MOST_DESCRIPTORS - enclosure->descriptor_count;
        if (header->cmsg_type == SCM_RIGHTS && count <= room) {
            memcpy(enclosure->descriptors + enclosure->descriptor_count, CMSG_DATA(header),
                   count * sizeof(int));
            enclosure->descriptor_count += count;
        }
        if (header->cmsg_type == SCM_CREDENTIALS && length >= sizeof enclosure->credentials) {
            memcpy(&enclosure->credentials, CMSG_DATA(header), sizeof enclosure->credentials);
            enclosure->has_credentials = 1;
        }
        // Nobody here asks for it. Who handed the socket over may have, and then every message brings one.
        if (header->cmsg_type == PIDFD && length >= sizeof(int)) {
            int process;
            memcpy(&process, CMSG_DATA(header), sizeof process);
            close(process);
        }
    }
}

intptr_t cipc_unix_receive(int socket, void *bytes, size_t count, int flags,
                           struct cipc_unix_arrival *arrival, struct cipc_enclosure *enclosure) {
    struct sockaddr_un name;
    union control control;
    struct iovec room = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &room, .msg_iovlen = 1};
    if (enclosure != NULL) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    intptr_t result = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (result != -1) {
        pack(&name, message.msg_namelen, &arrival->from);
        arrival->flags = message.msg_flags;
        if (enclosure != NULL)
            take_apart(&message, enclosure);
    }
    return result;
}

int cipc_unix_peer(int socket, struct cipc_credentials *credentials) {
    socklen_t length = sizeof *credentials;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, credentials, &length);
}

int cipc_unix_peer_process(int socket) {
    enum { PEERPIDFD = 77 }; // SO_PEERPIDFD, since Linux 6.5; other numbers only on parisc and sparc
    int process = -1;
    socklen_t length = sizeof process;
    return getsockopt(socket, SOL_SOCKET, PEERPIDFD, &process, &length) == 0 ? process : -1;
}

intptr_t cipc_socket_read(int socket, void *bytes, size_t count, int flags) {
    return recv(socket, bytes, count, flags);
}

intptr_t cipc_socket_write(int socket, const void *bytes, size_t count, int flags) {
    return send(socket, bytes, count, flags | MSG_NOSIGNAL);
}

int cipc_socket_option(int socket, int level, int option, int *value) {
    socklen_t length = sizeof *value;
    return getsockopt(socket, level, option, value, &length);
}

int cipc_set_socket_option(int socket, int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value);
}
