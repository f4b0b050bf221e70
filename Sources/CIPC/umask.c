#include "cipc_umask.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Reads the "Umask" field in proc_pid_status(5), which does not change the umask. Returns all bits if /proc
// is not mounted.
uint32_t cipc_current_umask(void) {
    char text[512];
    int file = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return 0777;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    text[count > 0 ? count : 0] = '\0';
    const char *field = strstr(text, "\nUmask:\t");
    return field == NULL ? 0777 : (uint32_t)strtoul(field + strlen("\nUmask:\t"), NULL, 8);
}

struct work {
    int (*call)(void *);
    void *argument;
    int result, error;
};

static int child(void *argument) {
    struct work *work = argument;
    umask(0);
    work->result = work->call(work->argument);
    work->error = errno;
    return 0;
}

enum { STACK = 64 * 1024 };

int cipc_without_umask(uint32_t mode, int (*call)(void *), void *argument) {
    if ((cipc_current_umask() & mode) == 0)
        return call(argument);
    struct work work = {.call = call, .argument = argument, .result = -1, .error = ECANCELED};
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -1;
    // Without CLONE_FS, the child has a separate umask. This thread is suspended until the child exits.
    // All signals are blocked, so that none of this process's signal handlers runs in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = clone(child, stack + STACK, CLONE_VM | CLONE_VFORK, &work);
    int error = errno;
    if (process != -1) {
        // This child does not send a signal when it ends, and only a wait with __WALL can reap it, so it does
        // not affect other threads.
        while (waitpid(process, NULL, __WALL) == -1 && errno == EINTR)
            continue;
        error = work.error;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK);
    errno = error;
    return process == -1 ? -1 : work.result;
}
