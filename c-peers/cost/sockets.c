/* Sockets: a connection, a sequenced packet, datagrams received with their sender's address, and a passed
 * descriptor. */
#include "cost.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void send_message(int socket, const void *message, size_t length) {
    ssize_t count;
    do
        count = send(socket, message, length, MSG_NOSIGNAL);
    while (count == -1 && errno == EINTR);
    cost_require(count == (ssize_t)length, "send");
}

static void send_message_to(int socket, const void *message, size_t length, const void *to,
                            socklen_t to_length) {
    ssize_t count;
    do
        count = sendto(socket, message, length, MSG_NOSIGNAL, to, to_length);
    while (count == -1 && errno == EINTR);
    cost_require(count == (ssize_t)length, "sendto");
}

/* Returns the received length or, if the flags include MSG_TRUNC, the length that was sent. */
static size_t receive_message(int socket, void *buffer, size_t size, int flags) {
    ssize_t count;
    do
        count = recv(socket, buffer, size, flags);
    while (count == -1 && errno == EINTR);
    cost_require(count != -1, "recv");
    return (size_t)count;
}

static size_t receive_message_from(int socket, void *buffer, size_t size, struct sockaddr_storage *from,
                                   socklen_t *from_length) {
    ssize_t count;
    do {
        *from_length = sizeof *from;
        count = recvfrom(socket, buffer, size, MSG_TRUNC, (struct sockaddr *)from, from_length);
    } while (count == -1 && errno == EINTR);
    cost_require(count != -1, "recvfrom");
    cost_require(*from_length <= sizeof *from, "recvfrom");
    return (size_t)count;
}

static void run_connection(const struct cost_run *run, const int ends[2], int flags) {
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    for (long i = 0; i < run->count; i++) {
        send_message(ends[0], message, sizeof message);
        cost_require(receive_message(ends[1], buffer, sizeof buffer, flags) == COST_MESSAGE, "recv");
    }
}

static void run_unix_stream(const struct cost_run *run) {
    int ends[2];
    cost_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    run_connection(run, ends, 0);
}

static void run_sequenced_packet(const struct cost_run *run) {
    int ends[2];
    cost_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    run_connection(run, ends, MSG_TRUNC);
}

/* Binds a new datagram socket to an abstract name that the kernel chooses. */
static int unix_datagram(struct sockaddr_un *name, socklen_t *length) {
    const struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    const int created = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cost_require(created != -1, "socket");
    cost_require(bind(created, (const struct sockaddr *)&unnamed, sizeof unnamed.sun_family) == 0, "bind");
    *length = sizeof *name;
    cost_require(getsockname(created, (struct sockaddr *)name, length) == 0, "getsockname");
    return created;
}

static void run_unix_datagram(const struct cost_run *run) {
    struct sockaddr_un name;
    socklen_t length;
    const int sender = unix_datagram(&name, &length), receiver = unix_datagram(&name, &length);
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    for (long i = 0; i < run->count; i++) {
        struct sockaddr_storage from;
        socklen_t from_length;
        send_message_to(sender, message, sizeof message, &name, length);
        cost_require(receive_message_from(receiver, buffer, sizeof buffer, &from, &from_length) ==
                         COST_MESSAGE,
                     "recvfrom");
        cost_require(from_length > offsetof(struct sockaddr_un, sun_path) && from.ss_family == AF_UNIX,
                     "address");
    }
}

/* Binds a new socket to an unused port of the loopback address. */
static int internet_socket(int type, struct sockaddr_in *name) {
    socklen_t length = sizeof *name;
    const int created = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    cost_require(created != -1, "socket");
    *name = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cost_require(bind(created, (const struct sockaddr *)name, sizeof *name) == 0, "bind");
    cost_require(getsockname(created, (struct sockaddr *)name, &length) == 0, "getsockname");
    return created;
}

static void run_tcp(const struct cost_run *run) {
    struct sockaddr_in name;
    const int listener = internet_socket(SOCK_STREAM, &name), on = 1;
    cost_require(listen(listener, 1) == 0, "listen");
    int ends[2] = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -1};
    cost_require(ends[0] != -1, "socket");
    cost_require(connect(ends[0], (const struct sockaddr *)&name, sizeof name) == 0, "connect");
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cost_require(ends[1] != -1, "accept4");
    cost_require(setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    run_connection(run, ends, 0);
}

/* Returns the address of a datagram after checking its length and family, as a program does before using
 * it. */
static struct sockaddr_in internet_address(const struct sockaddr_storage *address, socklen_t length) {
    cost_require(length >= sizeof(struct sockaddr_in) && address->ss_family == AF_INET, "address");
    return *(const struct sockaddr_in *)address;
}

static void run_udp(const struct cost_run *run) {
    struct sockaddr_in sender_name, name;
    const int sender = internet_socket(SOCK_DGRAM, &sender_name),
              receiver = internet_socket(SOCK_DGRAM, &name);
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    for (long i = 0; i < run->count; i++) {
        struct sockaddr_storage from;
        socklen_t from_length;
        send_message_to(sender, message, sizeof message, &name, sizeof name);
        cost_require(receive_message_from(receiver, buffer, sizeof buffer, &from, &from_length) ==
                         COST_MESSAGE,
                     "recvfrom");
        cost_require(internet_address(&from, from_length).sin_port == sender_name.sin_port, "address");
    }
}

union control {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* Sends a message with a duplicate of standard error. */
static void send_descriptor(int socket, void *message, size_t length) {
    const int passed = STDERR_FILENO;
    union control control = {0};
    struct iovec part = {message, length};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(rights), &passed, sizeof passed);
    ssize_t count;
    do
        count = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (count == -1 && errno == EINTR);
    cost_require(count == (ssize_t)length, "sendmsg");
}

/* Receives a message, and returns the descriptor that it carries. */
static int receive_descriptor(int socket, void *buffer, size_t size) {
    int passed = -1;
    union control control = {0};
    struct iovec part = {buffer, size};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do
        count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (count == -1 && errno == EINTR);
    cost_require(count == (ssize_t)size, "recvmsg");
    const struct cmsghdr *const rights = CMSG_FIRSTHDR(&header);
    cost_require(rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS, "SCM_RIGHTS");
    memcpy(&passed, CMSG_DATA(rights), sizeof passed);
    return passed;
}

static void run_descriptor(const struct cost_run *run) {
    int ends[2];
    unsigned char message[COST_MESSAGE] = {1}, buffer[COST_MESSAGE];
    cost_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    for (long i = 0; i < run->count; i++) {
        send_descriptor(ends[0], message, sizeof message);
        cost_require(close(receive_descriptor(ends[1], buffer, sizeof buffer)) == 0, "close");
    }
}

const struct cost cost_sockets[] = {{"unix-stream", run_unix_stream},
                                    {"seqpacket", run_sequenced_packet},
                                    {"unix-datagram", run_unix_datagram},
                                    {"tcp", run_tcp},
                                    {"udp", run_udp},
                                    {"descriptor", run_descriptor},
                                    {0}};
