/* Passes an open file to another process. Counterpart: fd_receiver.c. */
#include "common/sockets.h"

#include <fcntl.h>
#include <unistd.h>

static const char usage[] = "usage: fd_sender [--path P] [--file F] [--timeout SECONDS]\n"
                            "  --path P           the socket (/tmp/fd_passing.sock)\n"
                            "  --file F           the file that is passed (/etc/hosts)\n"
                            "  --timeout SECONDS  how long to wait for room (no limit)";

/* Sends two bytes with the descriptor: a stream carries no ancillary data without at least one byte. */
static void pass(int server, int descriptor, const char *path, struct timeout timeout) {
    char bytes[] = {'F', 'D'};
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
    union {
        struct cmsghdr header; /* aligns the buffer */
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    /* msg_controllen is CMSG_SPACE, which includes padding; cmsg_len is CMSG_LEN, which does not. If cmsg_len
     * were CMSG_SPACE, the kernel would send the padding as a second descriptor, 0. */
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    while (sendmsg(server, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
        if (errno != EAGAIN || !wait_for(server, POLLOUT, timeout))
            err(EXIT_FAILURE, "sendmsg '%s'", path);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"path", required_argument, NULL, 'p'},
                                            {"file", required_argument, NULL, 'f'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = "/tmp/fd_passing.sock", *file = "/etc/hosts";
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'f': file = optarg; break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    /* Only this process needs permission to open the file; the receiver uses the open descriptor. */
    const int opened = open(file, O_RDONLY | O_CLOEXEC);
    if (opened == -1)
        err(EXIT_FAILURE, "open '%s'", file);

    const int server = connect_unix(path);
    say("FD Sender: connected to '%s'.", path);

    /* A descriptor in transit stays open even after this process closes its own and exits. */
    pass(server, opened, path, timeout);
    say("FD Sender: passed '%s'.", file);
    close(opened);
    close(server);
    return EXIT_SUCCESS;
}
