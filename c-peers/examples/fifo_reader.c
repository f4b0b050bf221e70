/* Reads from a FIFO until all writers have closed it. Counterpart: fifo_writer.c. */
#include "common/example.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: fifo_reader [--path P] [--mode OCTAL] [--timeout SECONDS]\n"
                            "  --path P           the FIFO (/tmp/my_fifo)\n"
                            "  --mode OCTAL       its permissions, if it is created (0666)\n"
                            "  --timeout SECONDS  how long to wait for the end of file (no limit)";

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

/* Waits until a writer has opened the FIFO. Without a deadline, open(2) alone does this. With a deadline,
 * open(2) does not block, and poll(2) reports the first byte, or that a writer opened and closed the FIFO. */
static int open_for_reading(const char *path, struct timeout timeout) {
    int fifo = open_fifo(path, timeout.limited ? O_RDONLY | O_NONBLOCK : O_RDONLY);
    if (fifo == -1 || (timeout.limited && !wait_for(fifo, POLLIN, timeout)))
        err(EXIT_FAILURE, "open '%s'", path);
    return fifo;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"path", required_argument, NULL, 'p'},
                                            {"mode", required_argument, NULL, 'o'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = "/tmp/my_fifo";
    mode_t mode = 0666;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'p': path = optarg; break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    atexit(remove_created);
    make_fifo(path, mode);
    say("FIFO Reader: opening '%s'.", path);
    const int fifo = open_for_reading(path, timeout);

    /* Reads to the end of file: one read(2) may return only part of the data. */
    char *received = NULL;
    size_t length = 0, room = 0;
    ssize_t count;
    do {
        if (length == room && !(received = reallocf(received, room = 2 * room + 4096)))
            err(EX_OSERR, "malloc");
        count = read(fifo, received + length, room - length);
        if (count == -1 && errno == EAGAIN && wait_for(fifo, POLLIN, timeout))
            continue;
        if (count == -1)
            err(EXIT_FAILURE, "read '%s'", path);
        length += (size_t)count;
    } while (count != 0);
    if (length > 0)
        say("FIFO Reader: received '%s' (%zu bytes).", shown(received, length), length);
    say("FIFO Reader: end of file.");
    free(received);
    close(fifo);

    created = NULL; /* from here on, a failed removal is reported */
    if (unlink(path) == -1)
        err(EXIT_FAILURE, "unlink '%s'", path);
    say("FIFO Reader: removed '%s'.", path);
    return EXIT_SUCCESS;
}
