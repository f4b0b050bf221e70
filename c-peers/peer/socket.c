/* Creates, names and connects sockets. message.c transfers the data. */
#include "socket.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct symbol domains[] = {SYMBOL(AF_UNIX), SYMBOL(AF_INET), SYMBOL(AF_INET6), {0}};
const struct symbol peer_socket_types[] = {SYMBOL(SOCK_STREAM),    SYMBOL(SOCK_DGRAM),
                                           SYMBOL(SOCK_SEQPACKET), SYMBOL(SOCK_NONBLOCK),
                                           SYMBOL(SOCK_CLOEXEC),   {0}};

static void perform_socket(struct call *call) {
    const char *handle = peer_new_handle(call, "handle");
    int domain = peer_symbol(call, "domain", domains), type = peer_flags(call, "type", peer_socket_types);
    if (call->outcome != OK)
        return;
    int fd = socket(domain, type | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(handle, fd);
    peer_reply(call, "fd", "%d", fd);
}

static void perform_socketpair(struct call *call) {
    const char *first = peer_new_handle(call, "first"), *second = peer_new_handle(call, "second");
    int domain = peer_symbol(call, "domain", domains), type = peer_flags(call, "type", peer_socket_types);
    int ends[2];
    if (call->outcome != OK)
        return;
    if (socketpair(domain, type | SOCK_CLOEXEC, 0, ends) == -1) {
        peer_fail(call, errno);
        return;
    }
    peer_register_descriptor(first, ends[0]);
    peer_register_descriptor(second, ends[1]);
    peer_reply(call, "fd", "%d,%d", ends[0], ends[1]);
}

/* Whether the path is a socket that is no longer bound by a process. Tries to connect a datagram socket,
 * which does not affect a listener. connect(2) fails with EPROTOTYPE for a live socket of a different type,
 * with EPERM for a socket that is connected elsewhere, and with ECONNREFUSED for a dead socket. It also fails
 * with ECONNREFUSED for a file that is not a socket, so this function checks the type with lstat(2) first. If
 * connecting is not permitted (EACCES), the socket must not be replaced. Returns false and sets errno if the
 * state cannot be determined. */
static bool is_dead(const struct address *address, bool *dead) {
    struct stat found;
    *dead = false;
    if (lstat(address->un.sun_path, &found) == -1)
        return errno == ENOENT || (peer_set_failed_call("lstat"), false);
    if (!S_ISSOCK(found.st_mode))
        return true;
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe == -1)
        return peer_set_failed_call("socket"), false;
    int result = connect(probe, &address->any, address->length), error = errno;
    close(probe);
    errno = error;
    *dead = result == -1 && error == ECONNREFUSED;
    return result == 0 || *dead || error == EPROTOTYPE || error == EPERM || error == EACCES ||
           error == ENOENT || (peer_set_failed_call("connect"), false);
}

/* Replaces a dead socket. A lock on the directory serializes processes that do this: otherwise two processes
 * could find the socket dead, and the second would remove the socket that the first has just bound. */
static int bind_instead(int fd, const struct address *address) {
    char directory[sizeof address->un.sun_path + 1];
    strlcpy(directory, address->un.sun_path, sizeof directory);
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    int lock = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock == -1)
        return peer_set_failed_call("open");
    bool dead;
    int result = flock(lock, LOCK_EX), error;
    if (result == -1)
        peer_set_failed_call("flock");
    else if (!is_dead(address, &dead))
        result = -1;
    else if (dead && unlink(address->un.sun_path) == -1)
        result = peer_set_failed_call("unlink");
    else
        result = bind(fd, &address->any, address->length);
    error = errno;
    close(lock);
    errno = error;
    return result;
}

static void perform_bind(struct call *call) {
    int fd = peer_descriptor(call);
    struct address name = peer_address(call);
    bool exact = peer_has(call, "mode"), replace = peer_has(call, "replace");
    mode_t mode = peer_mode_or(call, "mode", 0);
    if (replace && (strcmp(peer_text(call, "replace"), "yes") != 0 || !peer_has(call, "path")))
        peer_invalid_request(call, "replace must be 'yes', and needs a path");
    if (call->outcome != OK)
        return;
    /* bind(2) gives the file the socket's mode, reduced by the umask. Changing the umask is safe,
     * because this process has only one thread. */
    mode_t mask = exact ? umask(0) : 0;
    int result = exact ? fchmod(fd, mode) : 0;
    if (result == -1)
        peer_set_failed_call("fchmod");
    else
        result = bind(fd, &name.any, name.length);
    if (result == -1 && errno == EADDRINUSE && replace)
        result = bind_instead(fd, &name);
    int error = errno;
    if (exact)
        umask(mask);
    if (result == -1)
        peer_fail(call, error);
}

static void perform_listen(struct call *call) {
    int fd = peer_descriptor(call);
    int backlog = (int)peer_number_or(call, "backlog", INT_MIN, INT_MAX, SOMAXCONN);
    if (call->outcome == OK && listen(fd, backlog) == -1)
        peer_fail(call, errno);
}

static void perform_accept4(struct call *call) {
    static const struct symbol known[] = {SYMBOL(SOCK_NONBLOCK), SYMBOL(SOCK_CLOEXEC), {0}};
    int fd = peer_descriptor(call);
    const char *connection = peer_new_handle(call, "connection");
    int wanted = peer_flags_or(call, "flags", known, 0);
    struct socket_wait wait = peer_socket_wait(call, SO_RCVTIMEO, 0);
    struct address peer = {.length = sizeof peer.un};
    if (call->outcome != OK)
        return;
    ssize_t accepted;
    do {
        accepted = peer_begin_socket_wait(&wait, fd)
                       ? accept4(fd, &peer.any, &peer.length, wanted | SOCK_CLOEXEC)
                       : -1;
    } while (peer_end_socket_wait(&wait, fd, &accepted));
    if (accepted == -1) {
        if (wait.moved > 0)
            close((int)wait.moved); /* the connection was accepted, but cannot be returned */
        peer_fail(call, errno);
        return;
    }
    /* A connection inherits its listener's options, but this timeout was only for the call. */
    if (wait.timed && setsockopt((int)accepted, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0},
                                 sizeof(struct timeval)) == -1) {
        peer_fail_in(call, "setsockopt", errno);
        close((int)accepted);
        return;
    }
    peer_register_descriptor(connection, (int)accepted);
    peer_reply(call, "fd", "%d", (int)accepted);
    peer_reply_address(call, &peer);
}

static void perform_connect(struct call *call) {
    int fd = peer_descriptor(call);
    ssize_t result;
    /* Connecting to an address of family AF_UNSPEC dissolves a datagram socket's association. */
    const bool disconnects = peer_is_set(call, "disconnect");
    struct address name =
        disconnects ? (struct address){.length = sizeof(struct sockaddr)} : peer_address(call);
    struct socket_wait wait = peer_socket_wait(call, SO_SNDTIMEO, 0);
    if (call->outcome != OK)
        return;
    do {
        result = peer_begin_socket_wait(&wait, fd) ? connect(fd, &name.any, name.length) : -1;
    } while (peer_end_socket_wait(&wait, fd, &result));
    if (result == -1)
        peer_fail(call, errno);
}

static void perform_shutdown(struct call *call) {
    static const struct symbol ways[] = {SYMBOL(SHUT_RD), SYMBOL(SHUT_WR), SYMBOL(SHUT_RDWR), {0}};
    int fd = peer_descriptor(call), how = peer_symbol(call, "how", ways);
    if (call->outcome == OK && shutdown(fd, how) == -1)
        peer_fail(call, errno);
}

static void reply_name(struct call *call, int (*ask)(int, struct sockaddr *, socklen_t *)) {
    int fd = peer_descriptor(call);
    struct address name = {.length = sizeof name.un};
    if (call->outcome != OK)
        return;
    if (ask(fd, &name.any, &name.length) == -1)
        peer_fail(call, errno);
    else
        peer_reply_address(call, &name);
}

static void perform_getsockname(struct call *call) {
    reply_name(call, getsockname);
}

static void perform_getpeername(struct call *call) {
    reply_name(call, getpeername);
}

const struct operation peer_socket_operations[] = {
    {"socket", "handle domain type", perform_socket},
    {"socketpair", "first second domain type", perform_socketpair},
    {"bind", "handle path abstract autobind address port mode replace", perform_bind},
    {"listen", "handle backlog", perform_listen},
    {"accept4", "handle connection flags timeout eintr", perform_accept4},
    {"connect", "handle path abstract address port disconnect timeout eintr", perform_connect},
    {"shutdown", "handle how", perform_shutdown},
    {"getsockname", "handle", perform_getsockname},
    {"getpeername", "handle", perform_getpeername},
    {0},
};
