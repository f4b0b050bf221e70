#include "sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { SHARED_MEMORY_SPACE = 32 << 20 };

/// Tries what scenarios can require of the machine, in the sandbox, where the limits of the peers apply.
///
/// Each of these returns 0, or -1 with errno. A call whose arguments cannot succeed exists if it fails for
/// another reason than a missing call or a filter.
static int exists(long result) {
    return result == -1 && (errno == ENOSYS || errno == EPERM || errno == EACCES) ? -1 : 0;
}

/// The descriptor is not kept.
static int created(long descriptor) {
    if (descriptor == -1)
        return -1;
    close((int)descriptor);
    return 0;
}

static int try_futex_waitv(void) {
    return exists(syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0));
}
static int try_epoll_pwait2(void) {
    return exists(syscall(SYS_epoll_pwait2, -1, NULL, 1, NULL, NULL, 0));
}
static int try_memfd_create(void) {
    return created(memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}
static int try_eventfd(void) {
    return created(eventfd(0, EFD_CLOEXEC));
}
static int try_timerfd(void) {
    return created(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
}
static int try_pidfd_open(void) {
    return created(syscall(SYS_pidfd_open, getpid(), 0));
}

static int try_signalfd(void) {
    sigset_t none;
    sigemptyset(&none);
    return created(signalfd(-1, &none, SFD_CLOEXEC));
}

static int with_pidfd(long (*call)(int pidfd)) {
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (pidfd == -1)
        return -1;
    long result = call(pidfd);
    int reason = errno;
    close(pidfd);
    errno = reason;
    return result == -1 ? -1 : 0;
}

static long copy_input(int pidfd) {
    return created(syscall(SYS_pidfd_getfd, pidfd, STDIN_FILENO, 0));
}
static long signal_nothing(int pidfd) {
    return syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0);
}
static int try_pidfd_getfd(void) {
    return with_pidfd(copy_input);
}
static int try_pidfd_send_signal(void) {
    return with_pidfd(signal_nothing);
}

static int try_robust_list(void) {
    void *head;
    size_t size;
    return exists(syscall(SYS_get_robust_list, 0, &head, &size));
}

static int try_mq(void) {
    return exists(mq_open("/ipc-interop-probe", O_RDONLY));
}
static int try_sysv_shm(void) {
    return exists(shmget(IPC_PRIVATE, 0, 0));
} // a size of 0 is refused
static int try_sysv_sem(void) {
    return exists(semget(IPC_PRIVATE, 0, 0));
} // as are 0 semaphores
/// A key that no queue has.
static int try_sysv_msg(void) {
    return exists(msgget((key_t)0xfeedbeef, 0)) == -1 ? -1 : exists(msgrcv(-1, NULL, 0, 0, IPC_NOWAIT));
}

/// Without CONFIG_CHECKPOINT_RESTORE the kernel refuses MSG_COPY before it looks for the queue.
static int try_msg_copy(void) {
    char message[sizeof(long)];
    return exists(msgrcv(0x7FFFFFFF, message, 0, 0, MSG_COPY | IPC_NOWAIT));
}

/// Whoever does not know the option says so before it looks for a peer, which this socket does not have.
static int try_peer_pidfd(void) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (descriptor == -1)
        return -1;
    int result = getsockopt(descriptor, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length);
    int reason = errno;
    if (result == 0 && pidfd >= 0)
        close(pidfd);
    close(descriptor);
    errno = reason;
    return result == -1 && reason == ENOPROTOOPT ? -1 : 0;
}

static int try_ipv6(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1)
        return -1;
    int result = bind(descriptor, (struct sockaddr *)&address, sizeof address);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}

/// Whether a process can become another user, as `spawn` does it. A child tries, since it cannot go back.
static int try_another_user(void) {
    pid_t child = fork();
    if (child == -1)
        return -1;
    if (child == 0)
        _exit(become_another_user() == -1 ? errno : 0);
    int status;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return -1;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return errno == 0 ? 0 : -1;
}

/// A user whose pipes exhaust /proc/sys/fs/pipe-user-pages-soft gets pipes of a page or two.
static int try_pipe_capacity(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    int capacity = fcntl(ends[1], F_GETPIPE_SZ);
    close(ends[0]);
    close(ends[1]);
    errno = EPERM; // as F_SETPIPE_SZ fails in this case
    return capacity < 65536 ? -1 : 0;
}

/// Containers often have a /dev/shm of 64 MiB, or a full one.
static int try_shared_memory_space(void) {
    struct statvfs space;
    if (statvfs("/dev/shm", &space) == -1)
        return -1;
    errno = ENOSPC;
    return (unsigned long long)space.f_bavail * space.f_frsize < SHARED_MEMORY_SPACE ? -1 : 0;
}

static int try_call_counts(void) {
    return created(open("/proc/self/io", O_RDONLY | O_CLOEXEC));
}

/// Whether a process can trace another one, as short-transfer does.
static int try_tracing(void) {
    pid_t child = fork();
    if (child == -1)
        return -1;
    while (child == 0)
        pause();
    long result = ptrace(PTRACE_SEIZE, child, NULL, NULL);
    int reason = errno;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
    errno = reason;
    return result == -1 ? -1 : 0;
}

void reply_features(void) {
    static const struct {
        const char *name; // as fixtures/features.yaml has it
        int (*try)(void);
    } features[] = {
        {"another-user", try_another_user},
        {"call-counts", try_call_counts},
        {"epoll_pwait2", try_epoll_pwait2},
        {"eventfd", try_eventfd},
        {"futex_waitv", try_futex_waitv},
        {"ipv6", try_ipv6},
        {"memfd_create", try_memfd_create},
        {"mq", try_mq},
        {"msg-copy", try_msg_copy},
        {"peer-pidfd", try_peer_pidfd},
        {"pidfd_getfd", try_pidfd_getfd},
        {"pidfd_open", try_pidfd_open},
        {"pidfd_send_signal", try_pidfd_send_signal},
        {"pipe-capacity", try_pipe_capacity},
        {"robust-list", try_robust_list},
        {"shared-memory-space", try_shared_memory_space},
        {"signalfd", try_signalfd},
        {"sysv-msg", try_sysv_msg},
        {"sysv-sem", try_sysv_sem},
        {"sysv-shm", try_sysv_shm},
        {"timerfd", try_timerfd},
        {"tracing", try_tracing},
    };
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        errno = 0;
        int reason = features[i].try() == 0 ? 0 : errno;
        reply("feature");
        reply_text("name", features[i].name);
        if (reason != 0)
            reply_text("errno", strerrorname_np(reason));
        reply_end();
    }
    reply("ok");
    reply_end();
}
