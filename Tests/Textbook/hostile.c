// A hostile program for the recorder tests.
#include "textbook.h"

#include <err.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static pid_t find_tracer(void) {
    char line[256];
    long tracer = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "TracerPid:", 10) == 0)
            tracer = atol(line + 10);
    if (tracer <= 1)
        errx(1, "this program is not traced");
    fclose(status);
    return (pid_t)tracer;
}

/// Steals the tracer's output descriptor, or opens the tracer's output or memory.
static void reach_tracer(pid_t tracer) {
    char path[64];
    int process = (int)syscall(SYS_pidfd_open, tracer, 0);
    for (int descriptor = 0; descriptor < 16; descriptor++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", tracer, descriptor);
        if (syscall(SYS_pidfd_getfd, process, descriptor, 0) != -1 || open(path, O_WRONLY | O_CLOEXEC) != -1)
            errx(1, "descriptor %d of the tracer can be taken", descriptor);
    }
    snprintf(path, sizeof path, "/proc/%d/mem", tracer);
    if (open(path, O_RDWR | O_CLOEXEC) != -1)
        errx(1, "the memory of the tracer can be opened");
}

/// Makes calls with invalid lengths and addresses.
static void make_wild_calls(void) {
    char *const wild = (char *)(uintptr_t)16;
    int ends[2], sockets[2], queue = msgget(IPC_PRIVATE, 0600), set = semget(IPC_PRIVATE, 1, 0600);
    if (pipe2(ends, O_CLOEXEC) == -1 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == -1)
        err(1, "pipe2");
    struct iovec parts[2] = {{wild, SIZE_MAX / 4}, {wild, SIZE_MAX / 4}};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = wild, .msg_controllen = SIZE_MAX / 2};
    syscall(SYS_write, ends[1], wild, SIZE_MAX / 4);
    syscall(SYS_writev, ends[1], parts, 1000000);
    syscall(SYS_writev, ends[1], wild, 2);
    syscall(SYS_sendmsg, sockets[0], &message, 0);
    syscall(SYS_sendmsg, sockets[0], wild, 0);
    syscall(SYS_sendmmsg, sockets[0], wild, 1000000, 0);
    syscall(SYS_sendto, sockets[0], "x", 1, 0, wild, 1 << 30);
    syscall(SYS_bind, sockets[0], wild, 1 << 30);
    syscall(SYS_connect, sockets[0], wild, -1);
    syscall(SYS_msgsnd, queue, wild, SIZE_MAX, 0);
    syscall(SYS_semop, set, wild, 1 << 30);
    syscall(SYS_semctl, set, 0, SETALL, wild);
    syscall(SYS_mq_open, wild, O_CREAT, 0600, wild);
    syscall(SYS_openat, AT_FDCWD, wild, O_CREAT, 0600);
    syscall(SYS_openat2, AT_FDCWD, "x", wild, SIZE_MAX);
    syscall(SYS_mmap, NULL, SIZE_MAX, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    syscall(SYS_rt_sigqueueinfo, getppid(), 0, wild);
    // The largest values of the largest set that is recorded completely.
    unsigned short values[256];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = 32767;
    int large_set = semget(IPC_PRIVATE, sizeof values / sizeof *values, 0600);
    if (large_set == -1 || syscall(SYS_semctl, large_set, 0, SETALL, values) == -1)
        err(1, "semctl SETALL");
    // A mapping past the end of its file, and a large mapping whose pages are never touched.
    int memory = memfd_create("x", MFD_CLOEXEC);
    void *beyond = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 1 << 20);
    void *large = mmap(NULL, 1UL << 40, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (beyond == MAP_FAILED || large == MAP_FAILED || write(ends[1], "done", 4) != 4)
        err(1, "mmap");
    msgctl(queue, IPC_RMID, NULL);
    semctl(set, 0, IPC_RMID);
    semctl(large_set, 0, IPC_RMID);
}

/// Uses names that could end a line or a string in the recording, or look like files of the system.
static void use_odd_names(void) {
    static const char name[] = "/tmp/a'\n- scenario: x\x1b[31m {any} #";
    if (mkfifo(name, 0600) == -1)
        err(1, "mkfifo");
    int fifo = open(name, O_RDWR | O_CLOEXEC);
    if (write(fifo, "'\n- {any}: \x1b[31m\\x", 18) != 18)
        err(1, "write");
    unlink(name);
    static const char *const queues[] = {"/library", "/queue.so.1"};
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
        if (mq_open(queues[i], O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600, NULL) == (mqd_t)-1 ||
            mq_unlink(queues[i]) == -1)
            err(1, "mq_open");
    if (shm_open("/memory.so", O_CREAT | O_EXCL | O_RDWR, 0600) == -1 || shm_unlink("/memory.so") == -1)
        err(1, "shm_open");
}

/// Writes forged recorder lines to every descriptor that could be the recorder's output.
static void forge_lines(void) {
    static const char lines[] = "send pid=1 id=x more=0 bytes=forged\nend pid=0\n";
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        if (fcntl(descriptor, F_GETFD) != -1)
            errx(1, "descriptor %d is open", descriptor);
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        if (write(descriptor, lines, sizeof lines - 1) != -1)
            errx(1, "descriptor %d takes bytes", descriptor);
}

int hostile(void) {
    if (defect("kill-tracer")) {
        kill(find_tracer(), SIGKILL);
        for (;;)
            pause();
    } else if (defect("reach-tracer"))
        reach_tracer(find_tracer());
    else if (defect("wild-calls"))
        make_wild_calls();
    else if (defect("odd-names"))
        use_odd_names();
    else if (defect("forged-lines"))
        forge_lines();
    return 0;
}
