/* Sends signals with values to the process whose id is in a file. Counterpart: signal_receiver.c. */
#include "common/example.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char usage[] =
    "usage: signal_sender [--pid-file P] [--signal N] [--value V] [--count K] [--timeout SECONDS]\n"
    "  --pid-file P       the file with the process id of the receiver (/tmp/my_signal.pid)\n"
    "  --signal N         the signal, counted from SIGRTMIN (0)\n"
    "  --value V          the value that is sent (42)\n"
    "  --count K          how many times to send it (1)\n"
    "  --timeout SECONDS  how long to wait for the receiver, and for room in its queue (no limit)";

/* Returns the process id in the file; 0 if there is no complete file yet. */
static pid_t read_receiver(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file && errno != ENOENT)
        err(EXIT_FAILURE, "open '%s'", path);
    char line[32], *end;
    bool whole = file && fgets(line, sizeof line, file) && strchr(line, '\n');
    if (file)
        fclose(file);
    if (!whole)
        return 0;
    long process = strtol(line, &end, 10);
    if (process < 1 || process > INT_MAX || *end != '\n')
        errx(EXIT_FAILURE, "read '%s': no process", path);
    return (pid_t)process;
}

/* Waits until the file contains a process id. */
static pid_t find_receiver(const char *path, struct timeout timeout) {
    /* Start the watch before the first attempt to read; otherwise a write between the two would be missed. */
    char copy[PATH_MAX];
    if (strlcpy(copy, path, sizeof copy) >= sizeof copy) {
        errno = ENAMETOOLONG;
        err(EXIT_FAILURE, "open '%s'", path);
    }
    const char *directory = dirname(copy);
    const int changes = inotify_init1(IN_CLOEXEC);
    if (changes == -1)
        err(EXIT_FAILURE, "inotify_init1");
    if (inotify_add_watch(changes, directory, IN_CLOSE_WRITE | IN_MOVED_TO) == -1)
        err(EXIT_FAILURE, "inotify_add_watch '%s'", directory);

    pid_t process;
    while ((process = read_receiver(path)) == 0) {
        /* Any file in the directory may have changed: the next attempt reads the file again. */
        char events[4096];
        if (!wait_for(changes, POLLIN, timeout) || read(changes, events, sizeof events) == -1)
            err(EXIT_FAILURE, "open '%s'", path);
    }
    close(changes);
    return process;
}

/* EAGAIN means that the limit on pending signals has been reached. No event reports when the queue has
 * space again. */
static void send_signal(pid_t process, int number, int value, struct timeout timeout) {
    struct timespec pause = {0};
    while (sigqueue(process, number, (union sigval){.sival_int = value}) == -1)
        if (errno != EAGAIN || !pause_for(timeout, &pause))
            err(EXIT_FAILURE, "sigqueue process %d", process);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"pid-file", required_argument, NULL, 'p'},
                                            {"signal", required_argument, NULL, 's'},
                                            {"value", required_argument, NULL, 'v'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = "/tmp/my_signal.pid";
    int number = SIGRTMIN, value = 42;
    unsigned count = 1;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 's': number = SIGRTMIN + (int)number_option("signal", optarg, 0, SIGRTMAX - SIGRTMIN); break;
        case 'v': value = (int)number_option("value", optarg, INT_MIN, INT_MAX); break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT_MAX); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    say("Signal Sender: looking for '%s'.", path);
    const pid_t process = find_receiver(path, timeout);
    for (; count > 0; count--) {
        send_signal(process, number, value, timeout);
        say("Signal Sender: sent SIGRTMIN+%d with value %d to process %d.", number - SIGRTMIN, value,
            process);
    }
    return EXIT_SUCCESS;
}
