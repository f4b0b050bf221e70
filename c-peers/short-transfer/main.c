// short-transfer CALL REQUEST.N COMMAND...: runs a peer, and shortens its N-th CALL during a request to one
// byte. A request begins with the first read from standard input after a response.
//
// short-transfer close all COMMAND...: runs a command. After the command's first write to standard output,
// each close(2) closes the descriptor and then reports EINTR, as on some network file systems. Closing a
// descriptor that is not open aborts the command: another thread might have opened it in the meantime.
//
// For the peer of another ABI, only closes can be changed: the arguments of the other calls have another
// layout.
//
// strace(1) can make a call report fewer bytes, but then the call has transferred none. This program rewrites
// the length on entry to the call, so the kernel transfers and reports one byte. This process executes the
// command itself, and a grandchild traces it.
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

// The argument that contains the length of the transfer.
enum place { THIRD_ARGUMENT, VECTOR, MESSAGE, RESULT };

static const struct transfer {
    const char *name;
    long number;
    enum place place;
} transfers[] = {
    {"read", SYS_read, THIRD_ARGUMENT},
    {"write", SYS_write, THIRD_ARGUMENT},
    {"pread64", SYS_pread64, THIRD_ARGUMENT},
    {"pwrite64", SYS_pwrite64, THIRD_ARGUMENT},
    {"sendto", SYS_sendto, THIRD_ARGUMENT},
    {"recvfrom", SYS_recvfrom, THIRD_ARGUMENT},
    {"readv", SYS_readv, VECTOR},
    {"writev", SYS_writev, VECTOR},
    {"preadv", SYS_preadv, VECTOR},
    {"pwritev", SYS_pwritev, VECTOR},
    {"preadv2", SYS_preadv2, VECTOR},
    {"pwritev2", SYS_pwritev2, VECTOR},
    {"sendmsg", SYS_sendmsg, MESSAGE},
    {"recvmsg", SYS_recvmsg, MESSAGE},
    {"close", SYS_close, RESULT},
};

static const struct transfer *find(const char *name) {
    for (size_t i = 0; i < sizeof transfers / sizeof *transfers; i++)
        if (strcmp(transfers[i].name, name) == 0)
            return &transfers[i];
    errx(64, "%s transfers nothing that could be shortened", name);
}

static uint64_t peek(pid_t pid, uint64_t address) {
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, pid, (void *)address, NULL);
    if (word == -1 && errno != 0)
        err(1, "short-transfer: read the memory of the peer");
    return (uint64_t)word;
}

static void poke(pid_t pid, uint64_t address, uint64_t word) {
    if (ptrace(PTRACE_POKEDATA, pid, (void *)address, (void *)word) == -1)
        err(1, "short-transfer: write the memory of the peer");
}

#if defined(__x86_64__)
enum { NATIVE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#define THIRD(registers) (registers).regs[2]
#define RETURNED(registers) (registers).regs[0]
#else
#error "which ABI does this program have, and where are the third argument and the result of a system call?"
#endif

/// Returns a call's number in the ABI of this program, or -1 if this program does not look for the call. The
/// ABIs of i386 and x32 are supported only for the calls that interrupted closes require.
static long native_number(const struct __ptrace_syscall_info *call, const struct transfer *transfer) {
    const unsigned x32 = 0x40000000;
    const uint64_t number = call->entry.nr;
    if (call->arch == NATIVE && ((number & x32) == 0 || (long)number < 0))
        return (long)number;
    if (transfer->place != RESULT)
        errx(1, "the peer has another ABI, in which %s cannot be shortened", transfer->name);
#ifdef __x86_64__
    if (call->arch == NATIVE)
        return number == (x32 | 516) ? SYS_writev : (long)(number & ~(uint64_t)x32);
    if (call->arch == AUDIT_ARCH_I386)
        switch (number) {
        case 3: return SYS_read;
        case 4: return SYS_write;
        case 6: return SYS_close;
        case 146: return SYS_writev;
        default: return -1;
        }
#endif
    errx(1, "the peer has another ABI, whose system calls are unknown");
}

static void set_register(pid_t pid, enum place place, uint64_t value) {
#ifdef __x86_64__
    // In a process with the ABI of i386, the set of registers below would have the layout of that ABI.
    const size_t offset =
        place == RESULT ? offsetof(struct user_regs_struct, rax) : offsetof(struct user_regs_struct, rdx);
    if (ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)value) == -1)
        err(1, "short-transfer: write the registers of the peer");
#else
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) == -1)
        err(1, "short-transfer: read the registers of the peer");
    if (place == RESULT)
        RETURNED(registers) = value;
    else
        THIRD(registers) = value;
    if (ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &all) == -1)
        err(1, "short-transfer: write the registers of the peer");
#endif
}

// The changed arguments, which are restored when the call returns: the third argument, because a caller
// expects unchanged registers, and up to two words of the caller's memory.
struct loan {
    bool is_out;
    uint64_t third;
    struct {
        uint64_t address, value;
    } words[2];
};

static void lend(pid_t pid, struct loan *loan, uint64_t address, uint64_t word) {
    int i = loan->words[0].address == 0 ? 0 : 1;
    loan->words[i].address = address;
    loan->words[i].value = peek(pid, address);
    poke(pid, address, word);
}

// Shortens the first non-empty part to one byte. Returns the number of parts up to this one.
static uint64_t cut(pid_t pid, struct loan *loan, uint64_t vector, uint64_t parts) {
    for (uint64_t i = 0; i < parts; i++) {
        uint64_t length = vector + i * sizeof(struct iovec) + offsetof(struct iovec, iov_len);
        if (peek(pid, length) > 0) {
            lend(pid, loan, length, 1);
            return i + 1;
        }
    }
    errx(1, "short-transfer: there is no byte to transfer");
}

static struct loan shorten(pid_t pid, const struct transfer *transfer, const uint64_t *arguments) {
    struct loan loan = {.is_out = true, .third = arguments[2]};
    switch (transfer->place) {
    case THIRD_ARGUMENT: set_register(pid, THIRD_ARGUMENT, 1); break;
    case VECTOR: set_register(pid, THIRD_ARGUMENT, cut(pid, &loan, arguments[1], arguments[2])); break;
    case MESSAGE: {
        uint64_t count = arguments[1] + offsetof(struct msghdr, msg_iovlen);
        uint64_t vector = peek(pid, arguments[1] + offsetof(struct msghdr, msg_iov));
        lend(pid, &loan, count, cut(pid, &loan, vector, peek(pid, count)));
        break;
    }
    case RESULT: break; // interrupt() changes the result when the call returns
    }
    fprintf(stderr, "shortened %s to 1\n", transfer->name);
    return loan;
}

static void take_back(pid_t pid, struct loan *loan) {
    set_register(pid, THIRD_ARGUMENT, loan->third);
    for (int i = 0; i < 2 && loan->words[i].address != 0; i++)
        poke(pid, loan->words[i].address, loan->words[i].value);
    loan->is_out = false;
}

// Makes a successful close report EINTR. Aborts a peer that has closed a descriptor that was not open.
static void interrupt(pid_t pid, int64_t result) {
    if (result == 0) {
        set_register(pid, RESULT, (uint64_t)-EINTR);
    } else if (result == -EBADF) {
        fprintf(stderr, "it closed a descriptor again that close(2) had closed\n");
        kill(pid, SIGABRT);
    }
}

// The call to shorten.
struct target {
    const struct transfer *transfer;
    long request, occurrence; // counted from 1
};

// The requests of a peer, inferred from its calls. A program that executes the peer also makes calls, but
// only before the first request.
struct progress {
    long requests;
    long calls; // calls with the traced name since the current request began
    bool responded, reads_input;
};

/// Returns whether the call that begins is the one to shorten.
static bool enter(struct progress *progress, const struct target *target, long name, long fd) {
    progress->reads_input = name == SYS_read && fd == STDIN_FILENO;
    if ((name == SYS_write || name == SYS_writev) && fd == STDOUT_FILENO)
        progress->responded = true;
    bool counts = name == target->transfer->number && !progress->reads_input;
    progress->calls += counts;
    return counts && progress->requests == target->request && progress->calls == target->occurrence;
}

static void leave(struct progress *progress, int64_t result) {
    // A peer may read a request in several parts.
    if (progress->reads_input && result > 0 && (progress->requests == 0 || progress->responded)) {
        progress->requests++;
        progress->calls = 0;
        progress->responded = false;
    }
    progress->reads_input = false;
}

// Traces until the peer exits.
static void trace(pid_t pid, const struct target *target) {
    const struct transfer *transfer = target->transfer;
    struct progress progress = {0};
    struct loan loan = {0};
    bool closes = false;
    for (int status; waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);) {
        int stop = WSTOPSIG(status), event = status >> 16, delivered = 0;
        if (event == PTRACE_EVENT_STOP && stop != SIGTRAP) {
            ptrace(PTRACE_LISTEN, pid, NULL, NULL); // a group stop: the peer stays stopped
            continue;
        } else if (stop == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info call;
            if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof call, &call) == -1)
                err(1, "short-transfer: ask for the system call");
            if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
                const long number = native_number(&call, transfer);
                if (enter(&progress, target, number, (long)call.entry.args[0]))
                    loan = shorten(pid, transfer, (const uint64_t *)call.entry.args);
                // Before the first write, an error would make the dynamic linker fail.
                closes = transfer->place == RESULT && number == transfer->number &&
                         (progress.responded || progress.requests > 0);
            } else if (call.op == PTRACE_SYSCALL_INFO_EXIT) {
                leave(&progress, call.exit.rval);
                if (closes)
                    interrupt(pid, call.exit.rval);
                if (loan.is_out)
                    take_back(pid, &loan);
                closes = false;
            }
        } else if (event == 0) {
            delivered = stop;
        }
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)delivered);
    }
}

int main(int argc, char **argv) {
    if (argc < 4)
        errx(64, "usage: short-transfer CALL REQUEST.N COMMAND [ARGUMENT]...");
    struct target target = {.transfer = find(argv[1])};
    // Without numbers, as in `close all`, no call is shortened.
    sscanf(argv[2], "%ld.%ld", &target.request, &target.occurrence);
    pid_t peer = getpid();
    int ready[2];
    if (pipe(ready) == -1)
        err(1, "short-transfer: pipe");
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); // needed if Yama lets only ancestors trace a process
    pid_t child = fork();
    if (child == -1)
        err(1, "short-transfer: fork");
    if (child == 0) {
        if (fork() != 0)
            _exit(0); // the tracer must not be a child that the peer could wait for
        // If this tracer fails, the kernel kills the peer, which would otherwise continue as if nothing was
        // changed.
        const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
        if (ptrace(PTRACE_SEIZE, peer, NULL, (void *)options) == -1 ||
            ptrace(PTRACE_INTERRUPT, peer, NULL, NULL) == -1)
            err(1, "short-transfer: ptrace");
        // The tracer must not keep the peer's descriptors open: the peer's last close must close the file.
        close(ready[0]);
        int keep = dup2(ready[1], STDIN_FILENO);
        close(STDOUT_FILENO);
        close_range(STDERR_FILENO + 1, ~0U, 0);
        if (write(keep, "", 1) != 1)
            err(1, "short-transfer: write");
        close(keep);
        trace(peer, &target);
        _exit(0);
    }
    char byte;
    close(ready[1]);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
    if (read(ready[0], &byte, 1) != 1)
        errx(1, "short-transfer: no tracer");
    close(ready[0]);
    execv(argv[3], argv + 3);
    err(127, "short-transfer: %s", argv[3]);
}
