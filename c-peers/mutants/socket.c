/* Sockets of all kinds. */
#include "mutant.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

WRAPPED(socketpair);
WRAPPED(bind);
WRAPPED(connect);
WRAPPED(accept4);
WRAPPED(listen);
WRAPPED(send);
WRAPPED(recv);
WRAPPED(sendto);
WRAPPED(recvfrom);
WRAPPED(shutdown);
WRAPPED(getsockname);
WRAPPED(getsockopt);
WRAPPED(setsockopt);
WRAPPED(recvmmsg);
WRAPPED(splice);
WRAPPED(tee);

int __real_unlink(const char *path); /* wrapped in bytes.c */

/* Returns a wrong address length. */
static socklen_t measured(const struct sockaddr *address, socklen_t length) {
    const struct sockaddr_un *un = (const struct sockaddr_un *)address;
    bool abstract = length > offsetof(struct sockaddr_un, sun_path) && un->sun_path[0] == '\0';
    size_t room = length - offsetof(struct sockaddr_un, sun_path);
    /* The peer treats an abstract name as a string, which ends at the first NUL. */
    if (abstract && mutant("abstract-name-as-string"))
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strnlen(un->sun_path + 1, room - 1));
    /* The length is the size of the structure, so trailing zeros are part of the name. */
    if (abstract && mutant("abstract-name-with-zeros"))
        return sizeof *un;
    /* The peer adds a NUL to an abstract name, although the length determines where the name ends. */
    if (abstract && mutant("abstract-name-with-nul") && length < sizeof *un)
        return length + 1;
    return length;
}

static bool is_datagram(int fd) {
    int type = 0;
    __real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type});
    return type == SOCK_DGRAM;
}

bool has_timeout(int fd, int option) {
    struct timeval time = {0};
    __real_getsockopt(fd, SOL_SOCKET, option, &time, &(socklen_t){sizeof time});
    return time.tv_sec != 0 || time.tv_usec != 0;
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2]) {
    if (mutant("socket-inherited"))
        type &= ~SOCK_CLOEXEC;
    /* The peer always creates stream sockets. */
    if (mutant("pair-always-a-stream"))
        type = (type & ~0xf) | SOCK_STREAM;
    return __real_socketpair(domain, type, protocol, ends);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_un padded = {0}; /* may be larger than the caller's `length` */
    memcpy(&padded, address, length);
    /* The peer reserves one more byte for the NUL than necessary. */
    if (padded.sun_path[0] != '\0' && length == sizeof padded && mutant("socket-path-cut"))
        padded.sun_path[sizeof padded.sun_path - 2] = '\0';
    /* The peer removes any file at the path before it binds. */
    if (padded.sun_family == AF_UNIX && padded.sun_path[0] != '\0' && mutant("path-removed-before-bind"))
        __real_unlink(padded.sun_path);
    return __real_bind(fd, (struct sockaddr *)&padded, measured((struct sockaddr *)&padded, length));
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
    /* The peer does not convert the port to network byte order. */
    struct sockaddr_in other;
    if (address->sa_family == AF_INET && mutant("port-in-host-order")) {
        other = *(const struct sockaddr_in *)address;
        other.sin_port = bswap_16(other.sin_port);
        address = (const struct sockaddr *)&other;
    }
    /* The peer only records the connected address and uses it for sending, so it does not reject other
     * senders. */
    if (mutant("connect-only-recorded") && is_datagram(fd))
        return 0;
    /* The peer ignores an address without a family. */
    if (address->sa_family == AF_UNSPEC && mutant("disconnect-ignored"))
        return 0;
    int result = __real_connect(fd, address, length);
    /* When a client exits, it unlinks the path that it connected to, as a server does. */
    if (result == 0 && address->sa_family == AF_UNIX && mutant("connected-path-removed-at-exit"))
        remove_at_exit(unlink, ((const struct sockaddr_un *)address)->sun_path);
    /* The peer reports EINPROGRESS as a refused connection. */
    if (result == -1 && errno == EINPROGRESS && mutant("in-progress-as-failure"))
        errno = ECONNREFUSED;
    /* The peer reports an interrupted connect as successful. */
    if (result == -1 && errno == EINTR && mutant("interrupted-connect-as-connected"))
        return 0;
    /* The peer reports a refused connection as EINPROGRESS. */
    if (result == -1 && errno == ECONNREFUSED && mutant("refused-as-in-progress"))
        errno = EINPROGRESS;
    return result;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    /* The peer calls accept(2), which has no flags. */
    if (mutant("accepted-inherited"))
        flags &= ~SOCK_CLOEXEC;
    /* The peer does not pass on the request's flags. */
    if (mutant("accepted-always-blocking"))
        flags &= ~SOCK_NONBLOCK;
    int accepted = __real_accept4(fd, address, length, flags);
    /* A connection inherits its listener's flags, as on BSD. */
    if (accepted != -1 && mutant("accepted-nonblocking"))
        fcntl(accepted, F_SETFL, fcntl(fd, F_GETFL));
    /* The peer uses the length that it passed instead of the returned one. */
    if (accepted != -1 && mutant("accepted-name-of-full-length"))
        *length = sizeof(struct sockaddr_un);
    return accepted;
}

int __wrap_listen(int fd, int backlog) {
    /* The peer gives every listener the same backlog. */
    if (mutant("backlog-ignored"))
        backlog = SOMAXCONN;
    return __real_listen(fd, backlog);
}

ssize_t __wrap_sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *address,
                      socklen_t length) {
    /* The peer does not send an empty message. */
    if (count == 0 && mutant("empty-message-not-sent"))
        return 0;
    ssize_t result = __real_sendto(fd, bytes, count, flags, address, length);
    /* After EACCES for a broadcast, the peer sets SO_BROADCAST and retries. */
    if (result == -1 && errno == EACCES && mutant("broadcast-always-allowed")) {
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
        result = __real_sendto(fd, bytes, count, flags, address, length);
    }
    if (result != -1 && mutant("socket-short-write-as-whole"))
        return (ssize_t)count;
    /* The peer reports that a send to a closed socket succeeded. */
    if (result == -1 && errno == EPIPE && mutant("broken-connection-as-success"))
        return (ssize_t)count;
    return result;
}

ssize_t __wrap_recvfrom(int fd, void *room, size_t size, int flags, struct sockaddr *address,
                        socklen_t *length) {
    if (mutant("peek-consumes"))
        flags &= ~MSG_PEEK;
    /* With a timeout, the peer uses a different receive function that has no flags. */
    if (has_timeout(fd, SO_RCVTIMEO) && mutant("timed-receive-without-flags"))
        flags = 0;
    if (mutant("truncation-unseen"))
        flags &= ~MSG_TRUNC;
    if (mutant("wait-for-all-lost"))
        flags &= ~MSG_WAITALL;
    /* The peer collects messages until the buffer is full. */
    if (flags & MSG_WAITALL && mutant("wait-for-all-over-messages")) {
        ssize_t sum = __real_recvfrom(fd, room, size, 0, address, length), more;
        while (sum > 0 && (size_t)sum < size &&
               (more = __real_recvfrom(fd, (char *)room + sum, size - (size_t)sum, MSG_DONTWAIT, NULL,
                                       NULL)) > 0)
            sum += more;
        return sum;
    }
    /* The peer does not support empty buffers. */
    char byte;
    if (size == 0 && mutant("room-of-at-least-one-byte"))
        return __real_recvfrom(fd, &byte, 1, flags, address, length);
    /* The peer makes no call if the buffer is empty. */
    if (size == 0 && mutant("receive-without-room-skipped"))
        return 0;
    /* The peer waits until the buffer is full. */
    if (mutant("receive-waits-for-all"))
        flags |= MSG_WAITALL;
    /* MSG_PEEK returns only the bytes that fit, and not the length of the message. */
    if (flags & MSG_PEEK && mutant("peeked-length-cut"))
        flags &= ~MSG_TRUNC;
    ssize_t result = __real_recvfrom(fd, room, size, flags, address, length);
    /* The peer reports end of file for a datagram socket without messages. */
    if (result == -1 && errno == EAGAIN && is_datagram(fd) && mutant("datagram-end-made-up"))
        return 0;
    /* The peer retries after a second, although the call is nonblocking. */
    if (result == -1 && errno == EAGAIN && flags & MSG_DONTWAIT && mutant("receive-tries-again")) {
        sleep(1);
        result = __real_recvfrom(fd, room, size, flags, address, length);
    }
    /* The peer makes the socket nonblocking for a timeout, and does not restore its flags. */
    if (result == -1 && errno == EAGAIN && mutant("receive-leaves-nonblocking")) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        errno = EAGAIN;
    }
    /* The peer treats an empty datagram as the end of a connection. */
    if (result == 0 && size > 0 && mutant("empty-datagram-as-end") && is_datagram(fd)) {
        errno = ENOTCONN;
        return -1;
    }
    /* The peer skips ECONNREFUSED, because datagrams may be lost. */
    while (result == -1 && errno == ECONNREFUSED && mutant("refusal-ignored"))
        result = __real_recvfrom(fd, room, size, flags, address, length);
    /* The peer does not return the sender's address. */
    if (result != -1 && address && mutant("sender-not-kept"))
        *length = 0;
    /* The peer reports a reset as end of file. */
    if (result == -1 && errno == ECONNRESET && mutant("reset-as-end"))
        return 0;
    return result;
}

int __wrap_shutdown(int fd, int how) {
    /* When the peer shuts down writing, it also shuts down reading. */
    if (mutant("half-close-closes"))
        how = SHUT_RDWR;
    return __real_shutdown(fd, how);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
    int result = __real_getsockname(fd, address, length);
    /* The peer treats sun_path as a string, so an abstract name appears to be empty. */
    if (result == 0 && ((struct sockaddr_un *)address)->sun_path[0] == '\0' && mutant("abstract-name-unread"))
        *length = sizeof(sa_family_t);
    return result;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
    int result = __real_getsockopt(fd, level, option, value, length);
    struct ucred *peer = value;
    /* The peer keeps a socket's last error, although reading the error clears it. */
    static int kept;
    if (option == SO_ERROR && result == 0 && mutant("socket-error-kept"))
        kept = *(int *)value = *(int *)value ?: kept;
    /* The peer reports the buffer size that it requested, although the kernel doubled it. */
    if (option == SO_SNDBUF && result == 0 && mutant("send-buffer-as-requested"))
        *(int *)value /= 2;
    /* The peer reports its own process id. SO_PEERCRED returns the other process's id. */
    if (option == SO_PEERCRED && mutant("own-credentials-as-peer"))
        peer->pid = getpid();
    /* The server reads its own user instead of the client's. */
    if (option == SO_PEERCRED && mutant("user-not-checked"))
        peer->uid = geteuid();
    /* The peer swaps uid and gid. */
    if (option == SO_PEERCRED && mutant("peer-members-exchanged")) {
        uid_t user = peer->uid;
        peer->uid = (uid_t)peer->pid;
        peer->pid = (pid_t)user;
    }
    /* The peer's declaration of the structure has 16-bit user ids. */
    if (option == SO_PEERCRED && mutant("peer-user-of-16-bits")) {
        peer->uid = (uint16_t)peer->uid;
        peer->gid = (uint16_t)peer->gid;
    }
    if (option == SO_PEERCRED && mutant("peer-process-of-16-bits"))
        peer->pid = (uint16_t)peer->pid;
    /* User -1, which means no user, is converted to user 0. */
    if (option == SO_PEERCRED && peer->pid == 0 && mutant("unknown-user-as-root"))
        peer->uid = peer->gid = 0;
    return result;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
    static const int on = 1;
    /* The peer does not set SO_PASSCRED. */
    if (option == SO_PASSCRED && mutant("credentials-not-requested"))
        return 0;
    /* The peer ignores the value of the option, and always sets it. */
    if (option == SO_PASSCRED && mutant("credentials-always-on"))
        value = &on;
    /* The peer does not set SO_REUSEADDR. The first start of a server works, but a restart fails. */
    if (option == SO_REUSEADDR && mutant("reuse-address-forgotten"))
        return 0;
    /* The peer sets SO_REUSEPORT instead of SO_REUSEADDR; on BSD, the two options are similar. */
    if (level == SOL_SOCKET && option == SO_REUSEADDR && mutant("reuse-port-for-address"))
        option = SO_REUSEPORT;
    if (option == SO_BROADCAST && mutant("broadcast-never-allowed"))
        return 0;
    /* The peer passes microseconds as milliseconds. */
    if (level == SOL_SOCKET && option == SO_SNDTIMEO && mutant("time-limit-in-milliseconds")) {
        struct timeval time = *(const struct timeval *)value;
        time.tv_sec = time.tv_usec / 1000;
        time.tv_usec = 0;
        return __real_setsockopt(fd, level, option, &time, sizeof time);
    }
    if (level == SOL_SOCKET && option == SO_PEEK_OFF && mutant("peek-offset-ignored"))
        return 0;
    if (level == SOL_SOCKET && option == SO_RCVLOWAT && mutant("low-water-mark-ignored"))
        return 0;
    /* The peer resets the listener's timeout, but not the timeout that the connection inherited. */
    int listens = 0;
    if (option == SO_RCVTIMEO && mutant("accepted-with-deadline") &&
        __real_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &(socklen_t){sizeof listens}) == 0 &&
        !listens)
        return 0;
    /* The linger time is in seconds; the peer passes milliseconds. */
    if (level == SOL_SOCKET && option == SO_LINGER && mutant("linger-in-milliseconds")) {
        struct linger time = *(const struct linger *)value;
        time.l_linger *= 1000;
        return __real_setsockopt(fd, level, option, &time, sizeof time);
    }
    return __real_setsockopt(fd, level, option, value, length);
}

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    /* The peer waits for the first message only. */
    if (mutant("many-received-as-there-are"))
        flags |= MSG_WAITFORONE;
    int result = __real_recvmmsg(fd, messages, count, flags, timeout);
    /* The peer reports the bytes in the buffer as the length of a message. */
    for (int i = 0; i < result && mutant("length-of-many-clipped"); i++)
        if (messages[i].msg_len > messages[i].msg_hdr.msg_iov->iov_len)
            messages[i].msg_len = (unsigned)messages[i].msg_hdr.msg_iov->iov_len;
    return result;
}

ssize_t __wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned flags) {
    /* The peer ignores offsets. */
    const bool ignored = mutant("splice-offset-ignored");
    return __real_splice(from, ignored ? NULL : from_at, to, ignored ? NULL : to_at, count, flags);
}

ssize_t __wrap_tee(int from, int to, size_t count, unsigned flags) {
    /* The peer moves the bytes instead of copying them. */
    return mutant("tee-consumes") ? __real_splice(from, NULL, to, NULL, count, flags)
                                  : __real_tee(from, to, count, flags);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t count, int flags) {
    ssize_t result = __real_send(fd, bytes, count, flags);
    /* The program treats a client that does not read as disconnected. */
    if (result == -1 && errno == EAGAIN && mutant("full-socket-as-failure"))
        errno = EPIPE;
    return result;
}

ssize_t __wrap_recv(int fd, void *room, size_t size, int flags) {
    /* The program treats the first receive as the whole message. */
    static bool received;
    if (received && mutant("one-receive-is-all"))
        return 0;
    received = true;
    return __real_recv(fd, room, size, flags);
}
