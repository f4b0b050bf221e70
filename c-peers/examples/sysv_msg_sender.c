/* Sends messages through a System V message queue. Counterpart: sysv_msg_receiver.c. */
#include "common/example.h"

#include <limits.h>
#include <sys/msg.h>

static const char usage[] =
    "usage: sysv_msg_sender [--key K] [--type T] [--message TEXT] [--count K] [--mode OCTAL]"
    " [--timeout SECONDS]\n"
    "  --key K            the key of the queue (1234)\n"
    "  --type T           the type of the message, 1 or more (1)\n"
    "  --message TEXT     the message, sent with its NUL (Hello from System V MSG Sender!)\n"
    "  --count K          how many times to send it (1)\n"
    "  --mode OCTAL       the permissions of the queue, if it is created (0600)\n"
    "  --timeout SECONDS  how long to wait for room in the queue (no limit)";

/* The queue that this program created, or NULL. An exit handler removes it, even after err(3). */
static int created = -1;

static void remove_created(void) {
    if (created != -1)
        msgctl(created, IPC_RMID, NULL);
}

/* Either program may start first; it creates the queue for both. IPC_EXCL shows which program created the
 * queue and may therefore remove it. The loop handles a queue that is removed between the two calls. */
static int open_queue(key_t key, mode_t mode) {
    for (;;) {
        int queue = msgget(key, IPC_CREAT | IPC_EXCL | (int)mode);
        if (queue != -1)
            created = queue;
        else if (errno == EEXIST)
            queue = msgget(key, 0);
        if (queue != -1)
            return queue;
        if (errno != ENOENT)
            err(EXIT_FAILURE, "msgget '%d'", key);
    }
}

/* System V calls take no deadline, so with a deadline this function alternates between attempts and pauses.
 * msgsnd(2) is never restarted after a signal, not even with SA_RESTART. */
static void send_message(int queue, key_t key, const void *message, size_t length, struct timeout timeout) {
    struct timespec pause = {0};
    while (msgsnd(queue, message, length, timeout.limited ? IPC_NOWAIT : 0) == -1)
        if (errno != EINTR && !(timeout.limited && errno == EAGAIN && pause_for(timeout, &pause)))
            err(EXIT_FAILURE, "msgsnd '%d'", key);
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},     {"type", required_argument, NULL, 'y'},
        {"message", required_argument, NULL, 'm'}, {"count", required_argument, NULL, 'c'},
        {"mode", required_argument, NULL, 'o'},    {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *text = "Hello from System V MSG Sender!";
    key_t key = 1234;
    long type = 1;
    unsigned count = 1;
    mode_t mode = 0600;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'k': key = key_option("key", optarg); break;
        case 'y': type = (long)number_option("type", optarg, 1, LONG_MAX); break;
        case 'm': text = optarg; break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    atexit(remove_created);
    const int queue = open_queue(key, mode);
    say("SYSV MSG Sender: opened queue %d.", key);

    /* The type precedes the text, and is not included in the length passed to the calls. */
    const size_t length = strlen(text) + 1; /* including the NUL */
    struct {
        long type;
        char text[];
    } *message = malloc(sizeof *message + length);
    if (!message)
        err(EX_OSERR, "malloc");
    message->type = type;
    memcpy(message->text, text, length);
    for (; count > 0; count--) {
        send_message(queue, key, message, length, timeout);
        say("SYSV MSG Sender: sent '%s' (%zu bytes, type %ld).", shown(message->text, length), length, type);
    }
    free(message);
    created = -1; /* the receiver removes it */
    return EXIT_SUCCESS;
}
