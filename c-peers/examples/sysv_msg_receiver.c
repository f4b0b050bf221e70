/* Receives messages from a System V message queue. Counterpart: sysv_msg_sender.c. */
#include "common/example.h"

#include <limits.h>
#include <sys/msg.h>

static const char usage[] =
    "usage: sysv_msg_receiver [--key K] [--type T] [--count K] [--mode OCTAL] [--timeout SECONDS]\n"
    "  --key K            the key of the queue (1234)\n"
    "  --type T           0: all messages; T > 0: of this type; T < 0: the lowest type up to -T (0)\n"
    "  --count K          how many messages to receive (1)\n"
    "  --mode OCTAL       the permissions of the queue, if it is created (0600)\n"
    "  --timeout SECONDS  how long to wait for them (no limit)";

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

/* The type precedes the text, and is not included in the length passed to the calls. The default
 * msgmax is 8192 bytes; receiving a longer message would fail with E2BIG. */
struct message {
    long type;
    char text[8192];
};

/* System V calls take no deadline, so with a deadline this function alternates between attempts and pauses.
 * msgrcv(2) is never restarted after a signal, not even with SA_RESTART. */
static size_t receive_message(int queue, key_t key, long type, struct message *message,
                              struct timeout timeout) {
    struct timespec pause = {0};
    ssize_t length;
    while ((length = msgrcv(queue, message, sizeof message->text, type, timeout.limited ? IPC_NOWAIT : 0)) ==
           -1)
        if (errno != EINTR && !(timeout.limited && errno == ENOMSG && pause_for(timeout, &pause)))
            err(EXIT_FAILURE, "msgrcv '%d'", key);
    return (size_t)length;
}

int main(int argc, char *argv[]) {
    static const struct option options[] = {{"key", required_argument, NULL, 'k'},
                                            {"type", required_argument, NULL, 'y'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"mode", required_argument, NULL, 'o'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    key_t key = 1234;
    long type = 0;
    unsigned count = 1;
    mode_t mode = 0600;
    struct timeout timeout = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'k': key = key_option("key", optarg); break;
        case 'y': type = (long)number_option("type", optarg, -LONG_MAX, LONG_MAX); break;
        case 'c': count = (unsigned)number_option("count", optarg, 1, UINT_MAX); break;
        case 'o': mode = mode_option(optarg); break;
        case 't': timeout = timeout_option(optarg); break;
        case 'h': say("%s", usage); return EXIT_SUCCESS;
        default: return EX_USAGE;
        }
    no_more_arguments(argc, argv);

    atexit(remove_created);
    const int queue = open_queue(key, mode);
    say("SYSV MSG Receiver: opened queue %d.", key);

    struct message message;
    for (; count > 0; count--) {
        const size_t length = receive_message(queue, key, type, &message, timeout);
        say("SYSV MSG Receiver: received '%s' (%zu bytes, type %ld).", shown(message.text, length), length,
            message.type);
    }

    created = -1; /* from here on, a failed removal is reported */
    if (msgctl(queue, IPC_RMID, NULL) == -1)
        err(EXIT_FAILURE, "msgctl '%d'", key);
    say("SYSV MSG Receiver: removed queue %d.", key);
    return EXIT_SUCCESS;
}
