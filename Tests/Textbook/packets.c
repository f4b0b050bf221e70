#include "textbook.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Two packets over a socket, and two messages through a System V queue. A buffer that is too short
// truncates the packet or message.

static const struct sockaddr_un address = {AF_UNIX, "/tmp/packets.sock"};
static const key_t queue_key = 0x5e02;
static const char *const texts[] = {"one", "second"};

struct text {
    long type;
    char bytes[16];
};

int packet_receiver(void) {
    const size_t room = defect("short-buffer") ? 4 : 16;
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener == -1 || bind(listener, (const struct sockaddr *)&address, sizeof address) == -1)
        err(1, "bind");
    int queue = msgget(queue_key, IPC_CREAT | IPC_EXCL | 0600);
    if (queue == -1 || listen(listener, 1) == -1)
        err(1, "listen");
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    char packet[16];
    for (ssize_t length; (length = recv(connection, packet, room, 0)) > 0;)
        printf("packet: %.*s\n", (int)length, packet);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct text text;
        ssize_t length = msgrcv(queue, &text, room, 0, MSG_NOERROR);
        if (length == -1)
            err(1, "msgrcv");
        printf("message: %.*s\n", (int)length, text.bytes);
    }
    msgctl(queue, IPC_RMID, NULL);
    unlink(address.sun_path);
    return 0;
}

int packet_sender(void) {
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), queue = msgget(queue_key, 0);
    if (queue == -1 || connect(connection, (const struct sockaddr *)&address, sizeof address) == -1)
        err(1, "connect");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct text text = {.type = 7};
        strncpy(text.bytes, texts[i], sizeof text.bytes - 1);
        if (send(connection, texts[i], strlen(texts[i]), MSG_NOSIGNAL) == -1 ||
            msgsnd(queue, &text, strlen(texts[i]), 0) == -1)
            err(1, "send");
    }
    return 0;
}
