#include "sandbox_init.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/// Tests the features that concern other processes. Each function returns 0, or -1 with errno.

static void reap(pid_t child) {
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
}

/// Returns 0 if the kernel provides a pidfd for the process at the other end, or -1 with errno.
static int request_peer_pidfd(int socket) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    int result = getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length);
    if (result == 0 && pidfd >= 0)
        close(pidfd);
    return result;
}

/// This socket has no peer. A kernel without the option reports the missing option first.
int try_peer_pidfd(void) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1)
        return -1;
    int result = request_peer_pidfd(descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result == -1 && reason == ENOPROTOOPT ? -1 : 0;
}

/// Requests a pidfd for a child that connected and has been reaped. Before Linux 6.16, this fails.
int try_ended_pidfd(void) {
    struct sockaddr any = {.sa_family = AF_UNIX}, address;
    socklen_t length = sizeof address;
    int result = -1;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // A bind without a name chooses an unused abstract name of 5 digits.
    if (listener == -1 || bind(listener, &any, sizeof(sa_family_t)) == -1 ||
        getsockname(listener, &address, &length) == -1 || listen(listener, 1) == -1)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        _exit(descriptor == -1 || connect(descriptor, &address, length) == -1 ? 1 : 0);
    }
    if (child == -1)
        return -1;
    reap(child);
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection != -1)
        result = request_peer_pidfd(connection);
    return result;
}

/// Whether a process can trace another process, as short-transfer does.
int try_tracing(void) {
    pid_t child = fork();
    if (child == -1)
        return -1;
    while (child == 0)
        pause();
    long result = ptrace(PTRACE_SEIZE, child, NULL, NULL);
    int reason = errno;
    kill(child, SIGKILL);
    reap(child);
    errno = reason;
    return result == -1 ? -1 : 0;
}
