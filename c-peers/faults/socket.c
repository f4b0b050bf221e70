/* Unix sockets. */
#include "fault.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

WRAPPED(socketpair);
WRAPPED(bind);
WRAPPED(connect);
WRAPPED(accept4);
WRAPPED(listen);
WRAPPED(sendto);
WRAPPED(recvfrom);
WRAPPED(shutdown);
WRAPPED(getsockname);
WRAPPED(getsockopt);
WRAPPED(setsockopt);

/* The address as a porter gives it, who measures it by himself. */
static socklen_t measured(const struct sockaddr *address, socklen_t length) {
    const struct sockaddr_un *un = (const struct sockaddr_un *)address;
    bool abstract = length > offsetof(struct sockaddr_un, sun_path) && un->sun_path[0] == '\0';
    size_t room = length - offsetof(struct sockaddr_un, sun_path);
    /* A name is a string, also an abstract one: it ends where a NUL stands in it. */
    if (abstract && fault("abstract-name-as-string"))
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strnlen(un->sun_path + 1, room - 1));
    /* sizeof the structure: all the zeros behind it are a part of the name. */
    if (abstract && fault("abstract-name-with-zeros"))
        return sizeof *un;
    /* The NUL that ends a path ends this one as well, one thinks. */
    if (abstract && fault("abstract-name-with-nul") && length < sizeof *un)
        return length + 1;
    return length;
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2]) {
    if (fault("socket-inherited"))
        type &= ~SOCK_CLOEXEC;
    /* A pair for talking is a stream. */
    if (fault("pair-always-a-stream"))
        type = (type & ~0xf) | SOCK_STREAM;
    return __real_socketpair(domain, type, protocol, ends);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_un padded = {0}; /* sizeof reaches beyond what the caller gave */
    memcpy(&padded, address, length);
    return __real_bind(fd, (struct sockaddr *)&padded, measured((struct sockaddr *)&padded, length));
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
    int result = __real_connect(fd, address, length);
    /* Nobody there: later, perhaps. */
    if (result == -1 && errno == ECONNREFUSED && fault("refused-as-in-progress"))
        errno = EINPROGRESS;
    return result;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    /* accept(2), which has no flags. */
    if (fault("accepted-inherited"))
        flags &= ~SOCK_CLOEXEC;
    int accepted = __real_accept4(fd, address, length, flags);
    /* The length that was given, instead of the one that came back. */
    if (accepted != -1 && fault("accepted-name-of-full-length"))
        *length = sizeof(struct sockaddr_un);
    return accepted;
}

int __wrap_listen(int fd, int backlog) {
    /* One default for everybody. */
    if (fault("backlog-ignored"))
        backlog = SOMAXCONN;
    return __real_listen(fd, backlog);
}

ssize_t __wrap_sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *address,
                      socklen_t length) {
    /* There is nothing to be sent, so nothing is: an empty message is one all the same. */
    if (count == 0 && fault("empty-message-not-sent"))
        return 0;
    ssize_t result = __real_sendto(fd, bytes, count, flags, address, length);
    if (result != -1 && fault("socket-short-write-as-whole"))
        return (ssize_t)count;
    /* What nobody reads any more was sent for nothing, but sent. */
    if (result == -1 && errno == EPIPE && fault("broken-connection-as-success"))
        return (ssize_t)count;
    return result;
}

ssize_t __wrap_recvfrom(int fd, void *room, size_t size, int flags, struct sockaddr *address,
                        socklen_t *length) {
    if (fault("peek-takes"))
        flags &= ~MSG_PEEK;
    if (fault("truncation-unseen"))
        flags &= ~MSG_TRUNC;
    /* A connection's rest is awaited until the buffer is full. */
    if (fault("receive-waits-for-all"))
        flags |= MSG_WAITALL;
    ssize_t result = __real_recvfrom(fd, room, size, flags, address, length);
    /* A reset is an end like any other. */
    if (result == -1 && errno == ECONNRESET && fault("reset-as-end"))
        return 0;
    return result;
}

int __wrap_shutdown(int fd, int how) {
    /* Whoever has said everything is done. */
    if (fault("half-close-closes"))
        how = SHUT_RDWR;
    return __real_shutdown(fd, how);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
    int result = __real_getsockname(fd, address, length);
    /* sun_path as a string: an abstract name begins with a NUL, and so seems to be none. */
    if (result == 0 && ((struct sockaddr_un *)address)->sun_path[0] == '\0' && fault("abstract-name-unread"))
        *length = sizeof(sa_family_t);
    return result;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
    int result = __real_getsockopt(fd, level, option, value, length);
    struct ucred *peer = value;
    /* Mine, as it would be with getpid(2): SO_PEERCRED is the other's. */
    if (option == SO_PEERCRED && fault("peer-taken-for-oneself"))
        peer->pid = getpid();
    /* pid, gid, uid: the order of the members as one remembers it. */
    if (option == SO_PEERCRED && fault("peer-members-exchanged")) {
        uid_t user = peer->uid;
        peer->uid = (uid_t)peer->pid;
        peer->pid = (pid_t)user;
    }
    /* Nobody is user 0 when -1 is not looked at. */
    if (option == SO_PEERCRED && peer->pid == 0 && fault("nobody-taken-for-root"))
        peer->uid = peer->gid = 0;
    return result;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
    /* The credentials come by themselves, as with SO_PEERCRED. */
    if (option == SO_PASSCRED && fault("credentials-never-asked-for"))
        return 0;
    return __real_setsockopt(fd, level, option, value, length);
}
