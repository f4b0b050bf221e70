/* Receives signals with values, and publishes its process id in a file. Counterpart: signal_sender.c. */
#include "common/example.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

static const char usage[] =
    "usage: signal_receiver [--pid-file P] [--signal N] [--count K] [--timeout SECONDS]\n"
    "  --pid-file P       the file with the id of this process (/tmp/my_signal.pid)\n"
    "  --signal N         the signal, counted from SIGRTMIN (0)\n"
    "  --count K          how many signals to receive (1)\n"
    "  --timeout SECONDS  how long to wait for them (no limit)";

/* The file that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        unlink(created);
}

/* An existing file may belong to another receiver, so it is not replaced. */
static void write_pid(const char *path) {
    char text[32];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file == -1)
        err(EXIT_FAILURE, "open '%s'", path);
    created = path;
    int length = snprintf(text, sizeof text, "%d\n", getpid());
    if (write(file, text, (size_t)length) != length)
        err(EXIT_FAILURE, "write '%s'", path);
    close(file);
}

/* Handlers of other signals interrupt sigtimedwait(2), even with SA_RESTART. */
static void receive_signal(const sigset_t *signals, siginfo_t *info, struct timeout timeout) {
    struct timespec left;
    while (sigtimedwait(signals, info, remaining(timeout, &left)) == -1)
        if (errno != EINTR) {
            errno = errno == EAGAIN ? ETIMEDOUT : errno;
            err(EXIT_FAILURE, "sigtimedwait");
        }
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"pid-file", required_argument, NULL, 'p'}, {"signal", required_argument, NULL, 's'},
        {"count", required_argument, NULL, 'c'},    {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},           {0}};
    const char *path = "/tmp/my_signal.pid";
    int number = SIGRTMIN;
    unsigned count = 1;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 's': number = SIGRTMIN + (int)number_option("signal", optarg, 0, SIGRTMAX - SIGRTMIN); break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT_MAX); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    /* Block the signal before a sender can find this process: otherwise it would terminate this process. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, number);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    atexit(remove_created);
    write_pid(path);
    say("Signal Receiver: waiting for SIGRTMIN+%d, process in '%s'.", number - SIGRTMIN, path);

    for (; count > 0; count--) {
        siginfo_t info;
        receive_signal(&signals, &info, timeout);
        say("Signal Receiver: received SIGRTMIN+%d with value %d from process %d.", info.si_signo - SIGRTMIN,
            info.si_value.sival_int, info.si_pid);
    }

    created = NULL; /* from here on, a failed removal is reported */
    if (unlink(path) == -1)
        err(EXIT_FAILURE, "unlink '%s'", path);
    say("Signal Receiver: removed '%s'.", path);
    return EXIT_SUCCESS;
}
