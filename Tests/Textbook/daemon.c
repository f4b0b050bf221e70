#include "textbook.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un address = {AF_UNIX, "/tmp/daemon.sock"};

/// Sends one byte and a descriptor with it.
static void pass(int connection, int descriptor) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {0};
    struct iovec bytes = {"!", 1};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (!defect("no-descriptor")) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
    }
    if (sendmsg(connection, &message, MSG_NOSIGNAL) == -1)
        err(1, "sendmsg");
}

int socket_daemon(void) {
    char request[16] = "";
    if (!defect("umask"))
        umask(0117);
    int listener = socket(AF_UNIX, defect("cloexec") ? SOCK_STREAM : SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1 || bind(listener, (const struct sockaddr *)&address, sizeof address) == -1 ||
        listen(listener, 1) == -1)
        err(1, "bind");
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection == -1 || read(connection, request, sizeof request - 1) == -1)
        err(1, "accept");
    int file = memfd_create("answer", MFD_CLOEXEC);
    if (file == -1 || write(file, "forty-two\n", 10) == -1 || lseek(file, 0, SEEK_SET) == -1)
        err(1, "memfd_create");
    pass(connection, file);
    if (!defect("keeps-socket"))
        unlink(address.sun_path);
    return 0;
}

int socket_client(void) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    char byte, text[32];
    int file, connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) == -1)
        err(1, "connect");
    if (write(connection, defect("newline") ? "OPEN\r\n" : "OPEN\n", defect("newline") ? 6 : 5) == -1)
        err(1, "write");
    struct iovec bytes = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1)
        err(1, "recvmsg");
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    if (item == NULL)
        errx(1, "no descriptor was passed");
    memcpy(&file, CMSG_DATA(item), sizeof file);
    ssize_t length = read(file, text, sizeof text);
    printf("answer: %.*s", (int)length, text);
    return 0;
}
