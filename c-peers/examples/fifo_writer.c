/* Sends a message through a FIFO, a pipe that has a name, to whoever opens it for reading: see fifo_reader.c.
 */
#include "common/example.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: fifo_writer [--path P] [--message TEXT] [--mode OCTAL] [--timeout SECONDS]\n"
    "  --path P           the FIFO (/tmp/my_fifo)\n"
    "  --message TEXT     what is sent, with its NUL (Hello from FIFO writer!)\n"
    "  --mode OCTAL       its permissions, where it is made (0666)\n"
    "  --timeout SECONDS  how long to wait for a reader (no limit)";

/* The FIFO, where this program made it. When it fails, err(3) leaves by exit(3), and that removes it. */
static const char *made;

static void remove_made(void) {
    if (made)
        unlink(made);
}

/* Either program may come first and makes the FIFO for both. */
static void make_fifo(const char *path, mode_t mode) {
    umask(0); /* the permissions are as they were asked for */
    if (mkfifo(path, mode) == 0)
        made = path;
    else if (errno != EEXIST)
        err(EXIT_FAILURE, "mkfifo '%s'", path);
}

/* Opens the FIFO, and nothing else that somebody may have put in its place: it is found without being opened
 * and without following a link, looked at, and only then opened, by the descriptor of what was looked at. */
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

/* Waits until somebody has opened the FIFO for reading. That is what open(2) does, but for ever; with a
 * deadline it is asked not to wait, and says ENXIO for as long as nobody reads. */
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

    /* A reader that has gone makes write(2) fail with EPIPE; without this, it would kill this program
     * unheard. */
    signal(SIGPIPE, SIG_IGN);
    atexit(remove_made);
    make_fifo(path, mode);
    say("FIFO Writer: opening '%s'.", path);
    const int fifo = open_for_writing(path, timeout);

    const size_t length = strlen(message) + 1; /* the NUL goes with it */
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
    made = NULL; /* the reader removes it */
    return EXIT_SUCCESS;
}
