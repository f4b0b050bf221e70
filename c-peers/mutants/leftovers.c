/* Peers that leave behind an object or an open descriptor. */
#include "mutant.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void leave_something(void);
void leave_keyed(const char *kind, key_t key);
void leave_named(const char *name);
int __real_shmget(key_t key, size_t size, int flags);
int __real_semget(key_t key, int count, int flags);
int __real_msgget(key_t key, int flags);
int __real_mkfifo(const char *path, mode_t mode);
int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_shm_open(const char *name, int flags, mode_t mode);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
mqd_t __real_mq_open(const char *name, int flags, ...);

/* A child keeps its parent's output open, so readers of that pipe never see end of file. */
static void leave_a_child(bool holds_output) {
    if (fork() == 0) {
        if (!holds_output)
            closefrom(STDIN_FILENO);
        for (;;)
            pause();
    }
}

static void leave_a_socket(void) {
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "left"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    __real_bind(fd, (const struct sockaddr *)&address, sizeof address);
    __real_close(fd);
}

/* The process creates an object for its own use and does not remove it. */
void leave_something(void) {
    static bool done;
    if (done)
        return;
    done = true;
    if (mutant("leaves-a-process"))
        leave_a_child(false);
    if (mutant("leaves-a-process-on-its-output"))
        leave_a_child(true);
    if (mutant("leaves-a-daemon")) {
        pid_t child = fork();
        if (child == 0) {
            closefrom(STDIN_FILENO);
            setsid();
            leave_a_child(true);
            _exit(EXIT_SUCCESS);
        }
        waitpid(child, NULL, 0);
    }
    if (mutant("leaves-a-fifo"))
        __real_mkfifo("left", 0600);
    if (mutant("leaves-a-socket"))
        leave_a_socket();
    if (mutant("leaves-a-file"))
        __real_close(__real_open("left", O_CREAT | O_WRONLY, 0600));
    /* The peer opens a descriptor that does not belong to a handle. */
    if (mutant("leaves-a-descriptor"))
        __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (mutant("leaves-a-duplicate"))
        dup(STDERR_FILENO);
}

/* Creates a second System V object in addition to the one with `key`. Its key belongs to the same cell. */
void leave_keyed(const char *kind, key_t key) {
    if (key == IPC_PRIVATE)
        return;
    if (strcmp(kind, "shm") == 0 && mutant("leaves-a-segment"))
        __real_shmget(key ^ 8, 1, IPC_CREAT | 0600);
    if (strcmp(kind, "sem") == 0 && mutant("leaves-a-semaphore-set"))
        __real_semget(key ^ 8, 1, IPC_CREAT | 0600);
    if (strcmp(kind, "msg") == 0 && mutant("leaves-a-message-queue"))
        __real_msgget(key ^ 8, IPC_CREAT | 0600);
}

/* Creates a second POSIX object in addition to the one with `name`. */
void leave_named(const char *name) {
    char other[256];
    snprintf(other, sizeof other, "%s-left", name);
    if (mutant("leaves-a-posix-queue"))
        __real_close((int)__real_mq_open(other, O_CREAT | O_RDWR, 0600, NULL));
    if (mutant("leaves-shared-memory"))
        __real_close(__real_shm_open(other, O_CREAT | O_RDWR, 0600));
}
