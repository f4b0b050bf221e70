#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

enum { ANY = -1 };

/// A system call that must fail, either always or only if an argument has certain bits.
struct missing {
    const char *name;
    int number;
    int argument; // the index of the argument that contains the bits in `value`, or ANY
    unsigned value;
    int reason; // the error that a kernel without the call returns
};

#define CALL(name)                                                                                           \
    { #name, SYS_##name, ANY, 0, ENOSYS }
static const struct missing known[] = {
    CALL(clone),
    CALL(close_range),
    CALL(epoll_pwait2),
    CALL(eventfd2),
    CALL(futex_waitv),
    CALL(get_robust_list),
    CALL(inotify_init1),
    CALL(memfd_create),
    CALL(mount),
    CALL(mq_open),
    CALL(msgget),
    CALL(openat2),
    CALL(pidfd_getfd),
    CALL(pidfd_open),
    CALL(pidfd_send_signal),
    CALL(preadv2),
    CALL(process_vm_readv),
    CALL(ptrace),
    CALL(pwritev2),
    CALL(semget),
    CALL(semtimedop),
    CALL(setresuid),
    CALL(shmget),
    CALL(signalfd4),
    CALL(timerfd_create),
    CALL(unshare),
    {"MSG_COPY", SYS_msgrcv, 4, MSG_COPY, ENOSYS},
    {"SO_PEERPIDFD", SYS_getsockopt, 2, SO_PEERPIDFD, ENOPROTOOPT},
};

/// The calls that the default seccomp profile of container engines forbids in a container without added
/// capabilities. Calls that are newer than the profile also fail: see `add_newer_calls`.
#define FORBIDDEN(name)                                                                                      \
    { #name, SYS_##name, ANY, 0, EPERM }
enum {
    NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                     CLONE_NEWPID | CLONE_NEWNET,
    NEWEST = SYS_futex_waitv
};
static const struct missing container[] = {
    FORBIDDEN(add_key),     FORBIDDEN(bpf),         {"clone", SYS_clone, 0, NEW_NAMESPACES, EPERM},
    CALL(clone3),           FORBIDDEN(fsopen),      FORBIDDEN(kcmp),
    FORBIDDEN(keyctl),      FORBIDDEN(mount),       FORBIDDEN(mount_setattr),
    FORBIDDEN(move_mount),  FORBIDDEN(open_tree),   FORBIDDEN(perf_event_open),
    FORBIDDEN(pidfd_getfd), FORBIDDEN(pivot_root),  FORBIDDEN(process_madvise),
    FORBIDDEN(request_key), FORBIDDEN(setns),       FORBIDDEN(umount2),
    FORBIDDEN(unshare),     FORBIDDEN(userfaultfd),
};
enum {
    KNOWN = sizeof known / sizeof *known,
    IN_CONTAINER = sizeof container / sizeof *container,
    INSTRUCTIONS = 5,
    MOST = 64
};

static const struct missing *find(const char *name) {
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    errx(64, "'%s' is not known; without --help lists the names", name);
}

static _Noreturn void help(void) {
    puts(
        "usage: without [--eperm] NAME... -- COMMAND [ARGUMENT...]\n\n"
        "Runs a command under a seccomp filter under which the named calls fail, with the error of a kernel\n"
        "that lacks them or, after --eperm, with that of a container that forbids them. The names:\n");
    for (size_t i = 0; i < KNOWN; i++)
        printf("  %s\n", known[i].name);
    puts("  container   all calls that the default profile of a container engine forbids\n\n"
         "Example: without futex_waitv -- ipc-interop run shared-queue");
    exit(0);
}

/// The filter instructions that make one call fail. They compare only the low half of an argument.
static int add(struct sock_filter *filter, const struct missing *missing, int reason) {
    const struct sock_filter code[INSTRUCTIONS] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)missing->number, 0, missing->argument == ANY ? 1 : 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 (unsigned)(offsetof(struct seccomp_data, args) + sizeof(__u64) * (size_t)missing->argument)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, missing->value, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)reason),
    };
    int count = 0;
    for (int i = 0; i < INSTRUCTIONS; i++)
        if (missing->argument != ANY || i < 2 || i == 4)
            filter[count++] = code[i];
    return count;
}

static struct sock_filter filter[INSTRUCTIONS * MOST];
static unsigned short length;

static void add_calls(const struct missing *calls, size_t count, bool forbidden) {
    if (length + INSTRUCTIONS * count >= sizeof filter / sizeof *filter)
        errx(64, "too many names");
    for (size_t i = 0; i < count; i++)
        length += (unsigned short)add(filter + length, &calls[i], forbidden ? EPERM : calls[i].reason);
}

/// Makes all calls fail that are newer than the profile: their numbers are above all numbers in the profile.
static void add_newer_calls(void) {
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    memcpy(filter + length, code, sizeof code);
    length += sizeof code / sizeof *code;
}

int main(int argc, char **argv) {
    bool forbidden = false;
    int word = 1;
    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        help();
    for (; word < argc && strcmp(argv[word], "--") != 0; word++) {
        if (strcmp(argv[word], "--eperm") == 0) {
            forbidden = true;
        } else if (strcmp(argv[word], "container") == 0) {
            add_calls(container, IN_CONTAINER, false);
            add_newer_calls();
        } else {
            add_calls(find(argv[word]), 1, forbidden);
        }
    }
    if (word + 1 >= argc)
        errx(64, "a command must follow '--'");
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = length, .filter = filter};
    // An unprivileged process may install a filter only if later executions cannot gain privileges.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1 &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1))
        err(1, "prctl PR_SET_SECCOMP");
    execvp(argv[word + 1], argv + word + 1);
    err(127, "%s", argv[word + 1]);
}
