/* Ancillary data: descriptors and credentials. */
#include "parts.h"
#include "peer.h"
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 253 }; /* SCM_MAX_FD */

#ifndef SCM_PIDFD
enum { SCM_PIDFD = 4 }; /* since Linux 6.5 */
#endif

/* Room for one more descriptor than the kernel accepts, because a request can exceed the limit by one. */
union control {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE((MOST + 1) * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
               CMSG_SPACE(sizeof(int))];
};

/* Reads the handles in `fds`, separated by commas; a handle may appear twice. */
static size_t listed_descriptors(struct call *call, int *descriptors) {
    size_t count = 0;
    char names[LINE_SIZE];
    strlcpy(names, peer_has(call, "fds") ? peer_text(call, "fds") : "", sizeof names);
    for (char *rest = names, *name; *names && (name = strsep(&rest, ","));) {
        if (count > MOST)
            peer_invalid_request(call, "there are more than %d descriptors", MOST + 1);
        if (call->outcome != OK)
            return 0;
        descriptors[count++] = peer_descriptor_named(call, name);
    }
    return count;
}

/* Returns the parts of a message: those in the request, or one part with all bytes. A request with parts must
 * not have ancillary data. */
static struct parts message_parts(struct call *call, struct iovec *bytes, bool has_ancillary) {
    if (!peer_has(call, "parts"))
        return (struct parts){bytes, 1};
    if (has_ancillary)
        peer_invalid_request(call, "a message in parts has no ancillary data");
    return peer_parts(call, bytes->iov_base, bytes->iov_len);
}

static void perform_sendmsg(struct call *call) {
    static const struct symbol known[] = {SYMBOL(MSG_DONTWAIT), {0}};
    int fd = peer_descriptor(call), descriptors[MOST + 1];
    struct payload sent = peer_payload(call, "buf", "len");
    size_t count = listed_descriptors(call, descriptors);
    int wanted = peer_flags_or(call, "flags", known, 0);
    bool credentials = peer_has(call, "pid") || peer_has(call, "uid") || peer_has(call, "gid");
    struct ucred claim = {.pid = (pid_t)peer_number_or(call, "pid", 0, INT_MAX, getpid()),
                          .uid = (uid_t)peer_number_or(call, "uid", 0, UINT_MAX, getuid()),
                          .gid = (gid_t)peer_number_or(call, "gid", 0, UINT_MAX, getgid())};
    struct socket_wait wait = peer_socket_wait(call, SO_SNDTIMEO, wanted);
    struct iovec bytes = {(void *)sent.bytes, sent.length};
    struct parts parts = message_parts(call, &bytes, count > 0 || credentials);
    if (call->outcome != OK)
        return;

    union control control = {0};
    struct msghdr message = {
        .msg_iov = parts.vectors, .msg_iovlen = (size_t)parts.count, .msg_control = &control};
    /* cmsg_len is the length without the padding that CMSG_SPACE includes. If cmsg_len included the
     * padding, the kernel would send it as another descriptor, 0. */
    message.msg_controllen =
        (count > 0 ? CMSG_SPACE(count * sizeof(int)) : 0) + (credentials ? CMSG_SPACE(sizeof claim) : 0);
    struct cmsghdr *header = message.msg_controllen > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (count > 0) {
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
        header = CMSG_NXTHDR(&message, header);
    }
    if (credentials) {
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof claim);
        memcpy(CMSG_DATA(header), &claim, sizeof claim);
    }
    if (message.msg_controllen == 0)
        message.msg_control = NULL;
    ssize_t length;
    do {
        length = peer_begin_socket_wait(&wait, fd) ? sendmsg(fd, &message, wanted | MSG_NOSIGNAL) : -1;
    } while (peer_end_socket_wait(&wait, fd, &length));
    if (length == -1)
        peer_fail_after(call, errno, wait.moved);
    else
        peer_reply(call, "return", "%zd", length);
}

/* The received descriptors. */
struct kept {
    char list[LINE_SIZE / 4];
    bool inherited; /* whether one of them is not close-on-exec */
};

static void keep_descriptor(int fd, const char *name, struct kept *kept) {
    if (!name) {
        close(fd);
        return;
    }
    int status = fcntl(fd, F_GETFD);
    kept->inherited = kept->inherited || status == -1 || !(status & FD_CLOEXEC);
    peer_register_descriptor(name, fd);
    size_t length = strlen(kept->list);
    snprintf(kept->list + length, sizeof kept->list - length, "%s%d", length > 0 ? "," : "", fd);
}

/* Registers each received descriptor under the next name. The buffer has room for only as many descriptors as
 * there are names; the kernel closes surplus descriptors. */
static void keep_descriptors(const struct cmsghdr *header, char **names, struct kept *kept) {
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        keep_descriptor(fd, strsep(names, ","), kept);
    }
}

static void perform_recvmsg(struct call *call) {
    static const struct symbol known[] = {SYMBOL(MSG_DONTWAIT), SYMBOL(MSG_PEEK), {0}};
    static const struct symbol reported[] = {SYMBOL(MSG_TRUNC), SYMBOL(MSG_CTRUNC), {0}};
    int fd = peer_descriptor(call);
    size_t size = (size_t)peer_number(call, "len", 0, SSIZE_MAX), wanted = 0;
    struct expectation expected = peer_expectation(call);
    int ways = peer_flags_or(call, "flags", known, 0);
    struct socket_wait wait = peer_socket_wait(call, SO_RCVTIMEO, ways);
    char list[LINE_SIZE], *names = NULL;
    if (peer_has(call, "fds")) {
        strlcpy(list, peer_text(call, "fds"), sizeof list);
        names = list;
        wanted = 1;
        for (const char *comma = list; (comma = strchr(comma, ',')); comma++)
            wanted++;
        peer_new_handles(call, list);
    }
    const char *sender = peer_has(call, "pidfd") ? peer_new_handle(call, "pidfd") : NULL;
    if (wanted > MOST)
        peer_invalid_request(call, "a message carries at most %d descriptors", MOST);
    char *room = call->outcome == OK ? peer_scratch(call, size) : NULL;
    if (!room)
        return;
    struct iovec bytes = {room, size};
    struct parts parts = message_parts(call, &bytes, wanted > 0 || sender);
    if (call->outcome != OK)
        return;
    int passes = 0;
    socklen_t option_size = sizeof passes;
    /* Only Unix sockets carry credentials; other sockets may not support the option. */
    if (getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passes, &option_size) == -1 && errno != EOPNOTSUPP) {
        peer_fail_in(call, "getsockopt", errno);
        return;
    }

    /* The size excludes the padding of CMSG_SPACE, in which the kernel would store another descriptor. */
    const size_t control_size = (passes ? CMSG_SPACE(sizeof(struct ucred)) : 0) +
                                (sender ? CMSG_SPACE(sizeof(int)) : 0) +
                                (wanted > 0 ? CMSG_LEN(wanted * sizeof(int)) : 0);
    union control control;
    struct address from;
    struct msghdr message;
    ssize_t length;
    do {
        message = (struct msghdr){.msg_name = &from.any,
                                  .msg_namelen = sizeof from.un,
                                  .msg_iov = parts.vectors,
                                  .msg_iovlen = (size_t)parts.count,
                                  .msg_control = &control,
                                  .msg_controllen = control_size};
        length = peer_begin_socket_wait(&wait, fd) ? recvmsg(fd, &message, ways | MSG_CMSG_CLOEXEC) : -1;
    } while (peer_end_socket_wait(&wait, fd, &length));
    if (length == -1) {
        peer_fail_after(call, errno, wait.moved);
        return;
    }
    peer_reply(call, "return", "%zd", length);
    peer_reply_flags(call, "msg_flags", message.msg_flags, reported);
    from.length = message.msg_namelen;
    peer_reply_address(call, &from);
    struct kept kept = {.list = ""};
    int process = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET)
            continue;
        if (header->cmsg_type == SCM_RIGHTS)
            keep_descriptors(header, &names, &kept);
        if (header->cmsg_type == SCM_PIDFD)
            memcpy(&process, CMSG_DATA(header), sizeof process);
        if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            peer_reply(call, "pid", "%d", sender.pid);
            peer_reply(call, "uid", "%d", (int)sender.uid);
            peer_reply(call, "gid", "%d", (int)sender.gid);
        }
    }
    if (process >= 0) /* negative if the kernel could not create the pidfd */
        keep_descriptor(process, sender, &kept);
    if (*kept.list) {
        peer_reply_bytes(call, "fd", kept.list, strlen(kept.list));
        peer_reply(call, "cloexec", "%s", kept.inherited ? "no" : "yes");
    }
    peer_reply_payload(call, "buf", expected, room, (size_t)length);
}

const struct operation peer_ancillary_operations[] = {
    {"sendmsg", "handle buf len pattern offset parts fds pid uid gid flags timeout eintr", perform_sendmsg},
    {"recvmsg", "handle len pattern offset parts fds pidfd flags timeout eintr", perform_recvmsg},
    {0},
};
