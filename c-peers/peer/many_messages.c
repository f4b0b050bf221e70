/* Several messages in one call: sendmmsg(2), recvmmsg(2). */
#include "peer.h"
#include "socket.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

static const struct symbol flags[] = {SYMBOL(MSG_DONTWAIT), SYMBOL(MSG_WAITFORONE), {0}};

static void perform_sendmmsg(struct call *call) {
    int fd = peer_descriptor(call);
    char *rest = (char *)peer_text(call, "bufs"), *word;
    int wanted = peer_flags_or(call, "flags", flags, 0);
    struct mmsghdr messages[MOST] = {0};
    struct iovec parts[MOST];
    unsigned count = 0;
    while (call->outcome == OK && (word = strsep(&rest, ","))) {
        if (count == MOST) {
            peer_invalid_request(call, "at most %d messages", MOST);
            return;
        }
        parts[count] = (struct iovec){word, strlen(word)};
        messages[count].msg_hdr.msg_iov = &parts[count];
        messages[count++].msg_hdr.msg_iovlen = 1;
    }
    if (call->outcome != OK)
        return;
    int sent = sendmmsg(fd, messages, count, wanted | MSG_NOSIGNAL);
    if (sent == -1)
        peer_fail(call, errno);
    else
        peer_reply(call, "return", "%d", sent);
}

/* Replies with the messages, joined by commas. */
static void reply_messages(struct call *call, const struct mmsghdr *messages, int count) {
    static char lengths[LINE_SIZE / 8], texts[LINE_SIZE / 4];
    size_t used = 0;
    *lengths = '\0';
    for (int i = 0; i < count; i++) {
        const struct iovec *part = messages[i].msg_hdr.msg_iov;
        const size_t length = messages[i].msg_len < part->iov_len ? messages[i].msg_len : part->iov_len;
        char number[16];
        snprintf(number, sizeof number, i > 0 ? ",%u" : "%u", messages[i].msg_len);
        strlcat(lengths, number, sizeof lengths);
        if (i > 0)
            texts[used++] = ',';
        memcpy(texts + used, part->iov_base, length);
        used += length;
    }
    peer_reply(call, "return", "%d", count);
    peer_reply(call, "lens", "%s", lengths);
    peer_reply_bytes(call, "bufs", texts, used);
}

/* recvmmsg(2) checks its own timeout only after each message. The socket option limits the wait for the first
 * message; with MSG_WAITFORONE, the call then returns the available messages. */
static void perform_recvmmsg(struct call *call) {
    int fd = peer_descriptor(call);
    unsigned count = (unsigned)peer_number(call, "vlen", 0, MOST);
    size_t size = (size_t)peer_number(call, "len", 0, 128);
    int wanted = peer_flags_or(call, "flags", flags, 0);
    struct socket_wait wait = peer_socket_wait(call, SO_RCVTIMEO, wanted);
    if (wait.timed)
        wanted |= MSG_WAITFORONE;
    char *room = call->outcome == OK ? peer_scratch(call, count * size) : NULL;
    if (!room)
        return;
    struct mmsghdr messages[MOST] = {0};
    struct iovec parts[MOST];
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (struct iovec){room + i * size, size};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    ssize_t received;
    do {
        received =
            peer_begin_socket_wait(&wait, fd) ? recvmmsg(fd, messages, count, wanted | MSG_TRUNC, NULL) : -1;
    } while (peer_end_socket_wait(&wait, fd, &received));
    if (received == -1)
        peer_fail(call, errno);
    else
        reply_messages(call, messages, (int)received);
}

const struct operation peer_many_messages_operations[] = {
    {"sendmmsg", "handle bufs flags", perform_sendmmsg},
    {"recvmmsg", "handle vlen len flags timeout eintr", perform_recvmmsg},
    {0},
};
