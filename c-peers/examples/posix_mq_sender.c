/* Sends messages through a POSIX message queue. Counterpart: posix_mq_receiver.c. */
#include "common/example.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: posix_mq_sender [--name N] [--message TEXT] [--priority P] [--count K]"
    " [--mode OCTAL] [--timeout SECONDS]\n"
    "  --name N           the queue (/my_posix_mq)\n"
    "  --message TEXT     the message, sent with its NUL (Hello from POSIX MQ Sender!)\n"
    "  --priority P       its priority (1)\n"
    "  --count K          how many times to send it (1)\n"
    "  --mode OCTAL       the permissions of the queue, if it is created (0600)\n"
    "  --timeout SECONDS  how long to wait for room in the queue (no limit)";

/* The queue that this program created, or NULL. An exit handler removes it, even after err(3). */
static const char *created;

static void remove_created(void) {
    if (created)
        mq_unlink(created);
}

/* Either program may start first; it creates the queue for both. O_EXCL shows which program created the queue
 * and may therefore remove it. The loop handles a queue that is removed between the two calls. */
static mqd_t open_queue(const char *name, int access, mode_t mode) {
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 256};
    umask(0); /* sets exactly the requested permissions */
    for (;;) {
        mqd_t queue = mq_open(name, access | O_CREAT | O_EXCL, mode, &attributes);
        if (queue != (mqd_t)-1)
            created = name;
        else if (errno == EEXIST)
            queue = mq_open(name, access);
        if (queue != (mqd_t)-1)
            return queue;
        if (errno != ENOENT)
            err(EXIT_FAILURE, "mq_open '%s'", name);
    }
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'},     {"message", required_argument, NULL, 'm'},
        {"priority", required_argument, NULL, 'p'}, {"count", required_argument, NULL, 'c'},
        {"mode", required_argument, NULL, 'o'},     {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},           {0}};
    const char *name = "/my_posix_mq", *message = "Hello from POSIX MQ Sender!";
    unsigned priority = 1, count = 1;
    mode_t mode = 0600;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'n': name = optarg; break;
        case 'm': message = optarg; break;
        case 'p': priority = (unsigned)number_option("priority", optarg, 0, UINT_MAX); break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    atexit(remove_created);
    const mqd_t queue = open_queue(name, O_WRONLY, mode);
    struct mq_attr attributes;
    if (mq_getattr(queue, &attributes) == -1)
        err(EXIT_FAILURE, "mq_getattr '%s'", name);
    say("POSIX MQ Sender: opened '%s' (%ld messages of %ld bytes).", name, attributes.mq_maxmsg,
        attributes.mq_msgsize);

    const size_t length = strlen(message) + 1; /* including the NUL */
    const struct timespec end = realtime_deadline(timeout);
    for (; count > 0; count--) {
        if (timeout.limited && mq_timedsend(queue, message, length, priority, &end) == -1)
            err(EXIT_FAILURE, "mq_timedsend '%s'", name);
        if (!timeout.limited && mq_send(queue, message, length, priority) == -1)
            err(EXIT_FAILURE, "mq_send '%s'", name);
        say("POSIX MQ Sender: sent '%s' (%zu bytes, priority %u).", shown(message, length), length, priority);
    }
    mq_close(queue);
    created = NULL; /* the receiver removes it */
    return EXIT_SUCCESS;
}
