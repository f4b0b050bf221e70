/* Sends a message through a FIFO. Counterpart: fifo_reader.c. */
#include "common/example.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: fifo_writer [--path P] [--message TEXT] [--mode OCTAL] [--timeout SECONDS]\n"
    "  --path P           the FIFO (/tmp/my_fifo)\n"
    "  --message TEXT     the message, sent with its NUL (Hello from FIFO writer!)\n"
    "  --mode OCTAL       its permissions, if it is created (0666)\n"
    "  --timeout SECONDS  how long to wait for a reader (no limit)";

/* The FIFO that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        unlink(created);
}

/* Either program may start first; it creates the FIFO for both. */
static void make_fifo(const char *path, mode_t mode) {
    umask(0); /* sets exactly the requested permissions */
    if (mkfifo(path, mode) == 0)
        created = path;
    else if (errno != EEXIST)
        err(EXIT_FAILURE, "mkfifo '%s'", path);
}

/* Opens the FIFO, but not another object that may have replaced it. O_PATH finds the object without opening
 * it or following a link; after the check, /proc opens that same object. */
static int open_fifo(const char *path, int flags) {
    struct stat status;
    char found[32];
    int place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place == -1 || fstat(place, &status) == -1)
        err(EXIT_FAILURE, "open '%s'", path);
    if (!S_ISFIFO(status.st_mode))
        errx(EXIT_FAILURE, "open '%s': %s (it is not a FIFO)", path, strerror(EINVAL));
    snprintf(found, sizeof found, "/proc/self/fd/%d", place);
    int fifo = open(found, flags | O_CLOEXEC);
    int error = errno;
    close(place);
    errno = error;
    return fifo;
}

/* Waits until a reader has opened the FIFO. Without a deadline, open(2) alone does this. With a deadline,
 * open(2) does not block, and fails with ENXIO while the FIFO has no reader. */
static int open_for_writing(const char *path, struct timeout timeout) {
    struct timespec pause = {0};
    int fifo;
    while ((fifo = open_fifo(path, timeout.limited ? O_WRONLY | O_NONBLOCK : O_WRONLY)) == -1)
        if (errno != ENXIO || !pause_for(timeout, &pause))
            err(EXIT_FAILURE, "open '%s'", path);
    return fifo;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"path", required_argument, NULL, 'p'}, {"message", required_argument, NULL, 'm'},
        {"mode", required_argument, NULL, 'o'}, {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},       {0}};
    const char *path = "/tmp/my_fifo", *message = "Hello from FIFO writer!";
    mode_t mode = 0666;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'm': message = optarg; break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    /* With SIGPIPE ignored, a write without a reader fails with EPIPE; by default, the signal would silently
     * terminate this program. */
    signal(SIGPIPE, SIG_IGN);
    atexit(remove_created);
    make_fifo(path, mode);
    say("FIFO Writer: opening '%s'.", path);
    const int fifo = open_for_writing(path, timeout);

    const size_t length = strlen(message) + 1; /* including the NUL */
    for (size_t sent = 0; sent < length;) {
        ssize_t count = write(fifo, message + sent, length - sent);
        if (count == -1 && errno == EAGAIN && wait_for(fifo, POLLOUT, timeout))
            continue;
        if (count == -1)
            err(EXIT_FAILURE, "write '%s'", path);
        sent += (size_t)count;
    }
    say("FIFO Writer: sent '%s' (%zu bytes).", shown(message, length), length);
    close(fifo);
    created = NULL; /* the reader removes it */
    return EXIT_SUCCESS;
}
