#include "CIPCAsync.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct start {
    void (*body)(void *);
    void *argument;
    int interruptible;
};

static void *run(void *argument) {
    const struct start start = *(struct start *)argument;
    free(argument);
    prctl(PR_SET_NAME, start.interruptible ? "ipc-call" : "ipc-event-loop");
    if (start.interruptible) {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGURG);
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    }
    start.body(start.argument);
    return NULL;
}

// A thread inherits its creator's signal mask. If a fault's signal were blocked, the fault would kill the
// process even if the program handles the signal.
static int create(struct start *start) {
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t signals, before;
    sigfillset(&signals);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&signals, faults[i]);
    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result != 0)
        return result;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &signals, &before);
    pthread_t thread;
    result = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

int cipc_async_start_thread(void (*body)(void *), void *argument, int interruptible) {
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return ENOMEM;
    *start = (struct start){.body = body, .argument = argument, .interruptible = interruptible};
    int result = create(start);
    if (result != 0)
        free(start);
    return result;
}

int32_t cipc_async_thread(void) {
    return (int32_t)syscall(SYS_gettid);
}

static void do_nothing(int signal) {
    (void)signal;
}

// A signal without a handler does not interrupt a system call. The disposition is checked each time because
// the program can change it.
static void ensure_handler(void) {
    struct sigaction action;
    sigaction(SIGURG, NULL, &action);
    if (action.sa_flags & SA_SIGINFO || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN))
        return;
    action = (struct sigaction){.sa_handler = do_nothing};
    sigemptyset(&action.sa_mask);
    sigaction(SIGURG, &action, NULL);
}

void cipc_async_interrupt(int32_t thread) {
    ensure_handler();
    syscall(SYS_tgkill, getpid(), thread, SIGURG);
}

int cipc_async_is_turn_over(void) {
    static _Thread_local unsigned calls;
    return ++calls % 64 == 0;
}

static _Thread_local void *loop_of_thread;

void *cipc_async_loop(void) {
    return loop_of_thread;
}

void cipc_async_set_loop(void *loop) {
    loop_of_thread = loop;
}
