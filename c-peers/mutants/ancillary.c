/* Descriptors and credentials that travel with a message. */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

WRAPPED(sendmsg);
WRAPPED(recvmsg);

enum { SIZE = 4096 };

bool has_timeout(int fd, int option); /* defined in socket.c */

static struct cmsghdr *find(struct msghdr *message, int type) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == type)
            return header;
    return NULL;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
    struct msghdr changed = *message;
    struct cmsghdr *rights = find(&changed, SCM_RIGHTS);
    /* The peer sends only the first part. */
    if (changed.msg_iovlen > 1 && mutant("message-of-first-part"))
        changed.msg_iovlen = 1;
    /* The peer passes CMSG_SPACE instead of CMSG_LEN, so the zero padding is sent as a descriptor. */
    if (rights && mutant("rights-length-with-padding")) {
        rights->cmsg_len = CMSG_ALIGN(rights->cmsg_len);
        changed.msg_controllen = rights->cmsg_len;
    }
    /* The peer sends only the first descriptor, as many examples do. */
    if (rights && mutant("rights-first-only"))
        rights->cmsg_len = CMSG_LEN(sizeof(int));
    /* msg_controllen is missing, so the kernel ignores the ancillary data. */
    if (rights && mutant("rights-without-control-length"))
        changed.msg_controllen = 0;
    /* The peer sends descriptor numbers as bytes. They have no meaning in another process. */
    struct iovec numbers;
    if (rights && mutant("rights-as-bytes")) {
        numbers = (struct iovec){CMSG_DATA(rights), sizeof(int)};
        changed.msg_iov = &numbers;
        changed.msg_controllen = 0;
    }
    /* The peer writes the stream in parts, and attaches the descriptors to each part. */
    struct iovec part;
    if (rights && changed.msg_iovlen == 1 && mutant("rights-with-every-part")) {
        ssize_t sent = 0;
        for (size_t length = changed.msg_iov->iov_len; (size_t)sent < length;) {
            part = (struct iovec){(char *)message->msg_iov->iov_base + sent, length - (size_t)sent};
            if (part.iov_len > SIZE)
                part.iov_len = SIZE;
            changed.msg_iov = &part;
            const ssize_t count = __real_sendmsg(fd, &changed, flags);
            if (count == -1)
                return sent > 0 ? sent : -1;
            sent += count;
        }
        return sent;
    }
    /* With a timeout, the peer uses a different send function that cannot pass descriptors. */
    if (rights && has_timeout(fd, SO_SNDTIMEO) && mutant("rights-lost-with-timeout"))
        changed.msg_controllen = 0;
    /* The peer makes a descriptor nonblocking for the call, which also affects the receiver's descriptor. */
    if (rights && mutant("sent-made-nonblocking")) {
        int passed;
        memcpy(&passed, CMSG_DATA(rights), sizeof passed);
        fcntl(passed, F_SETFL, fcntl(passed, F_GETFL) | O_NONBLOCK);
    }
    ssize_t result = __real_sendmsg(fd, &changed, flags);
    /* The peer never sends the bytes that did not fit. */
    if (rights && result > 0 && mutant("rest-of-message-dropped"))
        return (ssize_t)message->msg_iov->iov_len;
    /* The peer closes the sent descriptors, as if sending moved them. */
    if (rights && result != -1 && mutant("rights-closed-by-sending")) {
        int sent;
        memcpy(&sent, CMSG_DATA(rights), sizeof sent);
        close(sent);
    }
    return result;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
    static union {
        struct cmsghdr aligned;
        char bytes[SIZE];
    } control;
    /* The peer waits with select(2), which does not support descriptors above 1023. */
    if (fd >= FD_SETSIZE && mutant("receive-by-select")) {
        errno = EINVAL;
        return -1;
    }
    /* The peer always requests the sender's credentials. */
    if (mutant("credentials-set-by-receiving"))
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
    /* The peer passes only the first part of the buffer. */
    if (message->msg_iovlen > 1 && mutant("room-of-first-part"))
        message->msg_iovlen = 1;
    if (mutant("rights-inherited"))
        flags &= ~MSG_CMSG_CLOEXEC;
    /* The buffer has room for all descriptors. The peer leaves descriptors beyond the requested number
     * open. */
    if (mutant("rights-surplus-kept") && message->msg_controllen > 0) {
        void *room = message->msg_control;
        size_t asked = message->msg_controllen;
        message->msg_control = &control;
        message->msg_controllen = sizeof control;
        ssize_t result = __real_recvmsg(fd, message, flags);
        struct cmsghdr *rights = find(message, SCM_RIGHTS);
        if (rights && rights->cmsg_len > asked)
            rights->cmsg_len = asked;
        message->msg_control = memcpy(room, &control, asked);
        message->msg_controllen = asked < message->msg_controllen ? asked : message->msg_controllen;
        return result;
    }
    ssize_t result = __real_recvmsg(fd, message, flags);
    if (result == -1)
        return result;
    /* The peer makes a received descriptor nonblocking, which also affects the sender's descriptor. */
    struct cmsghdr *received = find(message, SCM_RIGHTS);
    if (received && mutant("received-made-nonblocking")) {
        int passed;
        memcpy(&passed, CMSG_DATA(received), sizeof passed);
        fcntl(passed, F_SETFL, fcntl(passed, F_GETFL) | O_NONBLOCK);
    }
    /* The peer opens a descriptor of its own process instead of the sender's. */
    struct cmsghdr *process = find(message, 4); /* SCM_PIDFD */
    if (process && mutant("sender-process-as-own")) {
        int sent;
        memcpy(&sent, CMSG_DATA(process), sizeof sent);
        close(sent);
        sent = (int)syscall(SYS_pidfd_open, getpid(), 0);
        memcpy(CMSG_DATA(process), &sent, sizeof sent);
    }
    /* The peer compares msg_flags with one flag instead of testing a bit. */
    if (message->msg_flags & MSG_TRUNC && mutant("truncation-compared"))
        message->msg_flags &= ~MSG_CTRUNC;
    /* The peer ignores msg_flags, so it does not detect truncated ancillary data. */
    if (mutant("control-truncation-unseen"))
        message->msg_flags &= ~MSG_CTRUNC;
    if (mutant("message-truncation-unseen"))
        message->msg_flags &= ~MSG_TRUNC;
    /* The peer uses the first header without checking its type. */
    struct cmsghdr *credentials = find(message, SCM_CREDENTIALS);
    if (credentials && mutant("first-header-only") && message->msg_controllen > credentials->cmsg_len)
        message->msg_controllen = CMSG_SPACE(sizeof(struct ucred));
    /* The peer reports its own credentials instead of the sender's. */
    if (credentials && mutant("credentials-of-receiver")) {
        struct ucred *claim = (struct ucred *)CMSG_DATA(credentials);
        claim->pid = getpid();
    }
    if (credentials && mutant("credentials-of-16-bits")) {
        struct ucred *claim = (struct ucred *)CMSG_DATA(credentials);
        claim->pid = (uint16_t)claim->pid;
    }
    return result;
}
