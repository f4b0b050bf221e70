/* Receives an open file from another process, and reads it. Counterpart: fd_sender.c. */
#include "common/sockets.h"

#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: fd_receiver [--path P] [--count K] [--mode OCTAL] [--timeout SECONDS]\n"
                            "  --path P           the socket (/tmp/fd_passing.sock)\n"
                            "  --count K          how many files are received (1)\n"
                            "  --mode OCTAL       its permissions (0600)\n"
                            "  --timeout SECONDS  how long to wait for the senders (no limit)";

/* The descriptor arrives with the first byte. The byte values are ignored. */
static int receive_descriptor(int client, const char *path, struct timeout timeout) {
    char bytes[2];
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
    union {
        struct cmsghdr header; /* aligns the buffer */
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    /* Uses CMSG_LEN: the padding in CMSG_SPACE could hold a second descriptor, which would leak. */
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
    if (!wait_for(client, POLLIN, timeout) || recvmsg(client, &message, MSG_CMSG_CLOEXEC) == -1)
        err(EXIT_FAILURE, "recvmsg '%s'", path);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    errno = 0;
    if (message.msg_flags & MSG_CTRUNC)
        errno = EMSGSIZE; /* more than one descriptor was sent */
    else if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        errno = ENODATA; /* no descriptor was sent */
    if (errno != 0)
        err(EXIT_FAILURE, "recvmsg '%s'", path);
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

/* Reads the beginning of the file. The sender controls its length and type, and reading from anything
 * but a regular file could block forever. */
static size_t read_start(int descriptor, char *bytes, size_t room) {
    struct stat status;
    if (fstat(descriptor, &status) == -1)
        err(EXIT_FAILURE, "fstat descriptor %d", descriptor);
    if (!S_ISREG(status.st_mode)) {
        errno = ENODEV;
        err(EXIT_FAILURE, "fstat descriptor %d", descriptor);
    }
    size_t total = 0;
    while (total < room) {
        ssize_t count = read(descriptor, bytes + total, room - total);
        if (count == -1)
            err(EXIT_FAILURE, "read descriptor %d", descriptor);
        if (count == 0)
            break;
        total += (size_t)count;
    }
    return total;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"path", required_argument, NULL, 'p'}, {"count", required_argument, NULL, 'c'},
        {"mode", required_argument, NULL, 'o'}, {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *path = "/tmp/fd_passing.sock";
    unsigned count = 1;
    mode_t mode = 0600;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT32_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    const int listener = listen_unix(path, mode);
    say("FD Receiver: listening at '%s'.", path);

    for (; count > 0; count--) {
        const int client = accept_client(listener, path, timeout);
        const int descriptor = receive_descriptor(client, path, timeout);
        char bytes[4096];
        const size_t length = read_start(descriptor, bytes, sizeof bytes);
        close(descriptor);
        /* Closing the connection informs the sender that the file was read. */
        close(client);
        say("FD Receiver: read '%s' (%zu bytes).", shown(bytes, length), length);
    }
    close(listener);
    remove_unix(path);
    say("FD Receiver: removed '%s'.", path);
    return EXIT_SUCCESS;
}
