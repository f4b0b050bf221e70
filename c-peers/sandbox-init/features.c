#include "sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { SHARED_MEMORY_SPACE = 32 << 20, HIGH_DESCRIPTORS = 4096, LOCKED_MEMORY = 16 << 10 };

/// Tests the features that scenarios can require. This happens in the sandbox, where the peers' limits apply.
///
/// Each of these functions returns 0, or -1 with errno. Some make a call with arguments that cannot succeed.
/// The call exists unless it fails with the error for a missing or filtered call.
static int exists(long result) {
    return result == -1 && (errno == ENOSYS || errno == EPERM || errno == EACCES) ? -1 : 0;
}

/// Closes a descriptor that a call created. Returns 0, or -1 if the call failed.
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
/// Tries CLOSE_RANGE_CLOEXEC, which Linux 5.9 and 5.10 do not have, on the last descriptor number, which is
/// never open.
static int try_close_range(void) {
    return syscall(SYS_close_range, ~0U, ~0U, 4) == -1 ? -1 : 0;
}
static int try_memfd_create(void) {
    return created(memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}
/// If vm.memfd_noexec is 1, the kernel adds MFD_NOEXEC_SEAL, and with it MFD_ALLOW_SEALING.
static int try_plain_memfd(void) {
    int descriptor = memfd_create("probe", MFD_CLOEXEC);
    if (descriptor == -1)
        return -1;
    int seals = fcntl(descriptor, F_GET_SEALS);
    close(descriptor);
    errno = EACCES; // memfd_create(2) fails with this error if the setting is 2
    return seals == F_SEAL_SEAL ? 0 : -1;
}
static int try_eventfd(void) {
    return created(eventfd(0, EFD_CLOEXEC));
}
static int try_inotify(void) {
    return created(inotify_init1(IN_CLOEXEC));
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
} // a segment of size 0 is invalid
static int try_sysv_sem(void) {
    return exists(semget(IPC_PRIVATE, 0, 0));
} // a set without semaphores is invalid
/// No queue has this key.
static int try_sysv_msg(void) {
    return exists(msgget((key_t)0xfeedbeef, 0)) == -1 ? -1 : exists(msgrcv(-1, NULL, 0, 0, IPC_NOWAIT));
}

/// Without CONFIG_CHECKPOINT_RESTORE the kernel refuses MSG_COPY before it looks for the queue.
static int try_msg_copy(void) {
    char message[sizeof(long)];
    return exists(msgrcv(0x7FFFFFFF, message, 0, 0, MSG_COPY | IPC_NOWAIT));
}

/// Checks the ID of a child, which is the next process ID.
static int try_large_numbers(void) {
    errno = ERANGE;
    return getpid() > UINT16_MAX && geteuid() > UINT16_MAX ? 0 : -1;
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

static int try_user(enum user user) {
    errno = EPERM;
    return can_run_as(user) && lower_privileges(user) == NULL ? 0 : -1;
}

static int try_another_user(void) {
    return try_user(ANOTHER_USER);
}
static int try_root(void) {
    return try_user(ROOT);
}

/// A user whose pipes exhaust /proc/sys/fs/pipe-user-pages-soft gets pipes of one or two pages.
static int try_pipe_capacity(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    int capacity = fcntl(ends[1], F_GETPIPE_SZ);
    close(ends[0]);
    close(ends[1]);
    errno = EPERM; // F_SETPIPE_SZ fails with this error in this case
    return capacity < 65536 ? -1 : 0;
}

/// In containers, /dev/shm often has only 64 MiB, or is full.
static int try_shared_memory_space(void) {
    struct statvfs space;
    if (statvfs("/dev/shm", &space) == -1)
        return -1;
    errno = ENOSPC;
    return (unsigned long long)space.f_bavail * space.f_frsize < SHARED_MEMORY_SPACE ? -1 : 0;
}

/// With a hard limit of 1024 descriptors, peers cannot have descriptors that select(2) does not support.
static int try_high_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    errno = EMFILE;
    return limit.rlim_max < HIGH_DESCRIPTORS ? -1 : 0;
}

/// RLIMIT_MEMLOCK can be small or 0, for example in a container.
static int try_locked_memory(void) {
    void *memory = mmap(NULL, LOCKED_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : mlock(memory, LOCKED_MEMORY);
}

static int try_call_counts(void) {
    return created(open("/proc/self/io", O_RDONLY | O_CLOEXEC));
}

struct feature {
    const char *name; // the name in Sources/Harness/Scenarios/Feature.swift
    int (*try)(void);
    bool by_this_process; // whether this process makes the call for the peers
};

/// Tries a feature in a child with a peer's privileges. Returns 0, or the reason why it is missing.
static int missing(const struct feature *feature) {
    fflush(stdout);
    pid_t child = fork();
    if (child == -1)
        return errno;
    if (child == 0) {
        bool lowered = feature->by_this_process || lower_privileges(PEER) == NULL;
        errno = lowered ? 0 : errno;
        _exit(lowered && feature->try() == 0 ? 0 : errno);
    }
    int status;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

void reply_features(void) {
    static const struct feature features[] = {
        {"another-user", try_another_user, true},
        {"call-counts", try_call_counts, true},
        {"close_range", try_close_range, false},
        {"ended-pidfd", try_ended_pidfd, false},
        {"epoll_pwait2", try_epoll_pwait2, false},
        {"eventfd", try_eventfd, false},
        {"futex_waitv", try_futex_waitv, false},
        {"high-descriptors", try_high_descriptors, false},
        {"inotify", try_inotify, false},
        {"ipv6", try_ipv6, false},
        {"large-numbers", try_large_numbers, false},
        {"locked-memory", try_locked_memory, false},
        {"memfd_create", try_memfd_create, false},
        {"mq", try_mq, false},
        {"msg-copy", try_msg_copy, false},
        {"peer-pidfd", try_peer_pidfd, false},
        {"pidfd_getfd", try_pidfd_getfd, true},
        {"pidfd_open", try_pidfd_open, false},
        {"pidfd_send_signal", try_pidfd_send_signal, false},
        {"pipe-capacity", try_pipe_capacity, false},
        {"plain-memfd", try_plain_memfd, false},
        {"robust-list", try_robust_list, false},
        {"root", try_root, true},
        {"shared-memory-space", try_shared_memory_space, false},
        {"signalfd", try_signalfd, false},
        {"sysv-msg", try_sysv_msg, false},
        {"sysv-sem", try_sysv_sem, false},
        {"sysv-shm", try_sysv_shm, false},
        {"timerfd", try_timerfd, false},
        {"tracing", try_tracing, true},
    };
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        int reason = missing(&features[i]);
        reply("feature");
        reply_text("name", features[i].name);
        if (reason != 0)
            reply_text("errno", strerrorname_np(reason) != NULL ? strerrorname_np(reason) : "unknown");
        reply_end();
    }
    reply("ok");
    reply_end();
}
