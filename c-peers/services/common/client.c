/* A service's client: sends requests from its arguments or standard input, and prints the messages that
 * arrive. */
#include "service.h"

#include "../../examples/common/sockets.h"

#include <fcntl.h>
#include <unistd.h>

static struct {
    const char *path;
    struct timeout timeout;
    uint64_t events, connections, repeat;
} options = {.connections = 1, .repeat = 1};

static const struct client_program *program;
static bool failed;

static void enqueue(struct connection *connection, struct frame *frame) {
    STAILQ_INSERT_TAIL(&connection->output, frame, next);
    connection->queued += frame->length;
}

void client_send(struct connection *connection, const char *type, json_t *payload) {
    char id[32];
    snprintf(id, sizeof id, "%ju", (uintmax_t)++connection->sent);
    struct frame *frame = frame_new(id, type, payload);
    if (frame->length == 0)
        errx(EXIT_FAILURE, "%s: a message has at most %d bytes", type, MESSAGE_LIMIT);
    enqueue(connection, frame);
}

static bool is_reply(const struct message *message) {
    return strcmp(message->type, "ok") == 0 || strcmp(message->type, "error") == 0;
}

/* Handles the messages that have arrived. Returns false at the end of the connection. */
static bool receive(struct connection *connection,
                    void (*handle)(struct connection *, const struct message *, int)) {
    int arrived = -1;
    const ssize_t count = input_receive(&connection->input, connection->fd, &arrived);
    if (count == -1 && errno != EAGAIN && errno != EINTR && errno != ECONNRESET)
        err(EXIT_FAILURE, "recv '%s'", options.path);
    const char *bytes;
    size_t length;
    int found;
    while ((found = input_next(&connection->input, &bytes, &length)) == 1) {
        struct message message;
        if (message_parse(&message, bytes, length))
            errx(EXIT_FAILURE, "'%s' sent an invalid message", options.path);
        connection->answered += is_reply(&message);
        failed |= strcmp(message.type, "error") == 0;
        /* A descriptor belongs to the last message that has begun, even if it is incomplete. */
        const bool is_last = connection->input.start == connection->input.end;
        int *descriptor = connection->descriptor == -1 && is_last ? &arrived : &connection->descriptor;
        handle(connection, &message, *descriptor);
        *descriptor = -1;
        json_decref(message.object);
    }
    if (arrived != -1)
        connection->descriptor = arrived;
    if (found == -1)
        errx(EXIT_FAILURE, "'%s' sent a message of more than %d bytes", options.path, MESSAGE_LIMIT);
    return count > 0 || (count == -1 && errno != ECONNRESET);
}

/* Waits until one of the descriptors is ready. */
static void wait_for_any(struct pollfd *entries, nfds_t count) {
    struct timespec left;
    const int ready = ppoll(entries, count, remaining(options.timeout, &left), NULL);
    if (ready == 0)
        errno = ETIMEDOUT;
    if (ready <= 0 && errno != EINTR)
        err(EXIT_FAILURE, "recv '%s'", options.path);
}

static json_t *value_from(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value ? value : json_string(text);
}

/* Returns the length of the key at the start of KEY=VALUE; 0 if there is none. */
static size_t key_length(const char *word) {
    const size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz");
    return word[length] == '=' ? length : 0;
}

/* Returns a request's payload: an object with a member for each word KEY=VALUE, or the value of the only
 * word. */
static json_t *payload_from(char *const words[], int count) {
    if (count == 0)
        return NULL;
    if (key_length(words[0]) == 0)
        return value_from(words[0]);
    json_t *object = json_object();
    for (int index = 0; index < count; index++) {
        const size_t length = key_length(words[index]);
        if (length == 0)
            errx(EX_USAGE, "'%s': KEY=VALUE expected", words[index]);
        json_object_setn_new(object, words[index], length, value_from(words[index] + length + 1));
    }
    return object;
}

static struct connection connected(void) {
    struct connection connection = {.fd = connect_unix(options.path), .descriptor = -1};
    return connection;
}

/* -- One connection: its messages are printed -- */

static uint64_t events_left;

void client_print(const char *type, const json_t *payload) {
    char *text = json_text(payload);
    say("%s %s", type, text);
    free(text);
}

void client_refuse(const char *reason) {
    json_t *text = json_string(reason);
    client_print("refused", text);
    json_decref(text);
    failed = true;
}

static void request(struct connection *connection, const char *type, json_t *payload) {
    if (program->local && program->local(type, payload))
        json_decref(payload);
    else
        client_send(connection, type, payload);
}

static void print(struct connection *connection, const struct message *message, int descriptor) {
    if (!is_reply(message) && events_left > 0)
        events_left--;
    if (program->received && !program->received(connection, message, descriptor))
        return;
    if (!program->received && descriptor != -1)
        close(descriptor);
    client_print(message->type, message->payload);
}

/* Sends the request on a line. */
static void send_line(struct connection *connection, char *line) {
    enum { MAX_WORDS = 16 };
    char *words[MAX_WORDS], *rest = line;
    const char *type = strsep(&rest, " ");
    int count = 0;
    /* A value in KEY=VALUE is a single word; any other value is the rest of the line. */
    while (rest && count < MAX_WORDS)
        words[count++] = key_length(rest) > 0 ? strsep(&rest, " ") : strsep(&rest, "");
    if (*type)
        request(connection, type, payload_from(words, count));
}

/* Sends the requests on the lines that have arrived. Returns false at end of input. */
static bool send_lines(struct connection *connection) {
    static char text[2 * MESSAGE_LIMIT];
    static size_t length;
    const ssize_t count = read(STDIN_FILENO, text + length, sizeof text - 1 - length);
    if (count == -1 && errno != EINTR)
        err(EXIT_FAILURE, "read 'standard input'");
    length += count > 0 ? (size_t)count : 0;
    /* The last line need not end with a newline. */
    if (count == 0 && length > 0)
        text[length++] = '\n';
    char *start = text;
    for (char *end; (end = memchr(start, '\n', length - (size_t)(start - text))); start = end + 1) {
        *end = '\0';
        send_line(connection, start);
    }
    length -= (size_t)(start - text);
    memmove(text, start, length);
    if (length == sizeof text - 1)
        errx(EXIT_FAILURE, "a line has at most %zu bytes", sizeof text - 2);
    return count != 0;
}

static void converse(struct connection *connection, bool interactive) {
    bool sends = true;
    while (interactive || events_left > 0 || connection->answered < connection->sent) {
        const bool full = connection->queued > 0;
        struct pollfd entries[] = {
            {.fd = connection->fd, .events = (short)(POLLIN | (sends && full ? POLLOUT : 0))},
            {.fd = interactive && !full ? STDIN_FILENO : -1, .events = POLLIN},
        };
        wait_for_any(entries, 2);
        if (entries[0].revents & ~POLLOUT && !receive(connection, print))
            errx(EXIT_FAILURE, "'%s' closed the connection", options.path);
        if (entries[1].revents && !send_lines(connection))
            interactive = false;
        /* After a failure, the last messages can still be received. */
        if (sends && !frames_send(&connection->output, connection->fd, &connection->queued))
            sends = false;
    }
}

/* -- Many connections: their replies are counted -- */

static uint64_t counted;

static void count(struct connection *connection, const struct message *message, int descriptor) {
    (void)connection;
    counted += strcmp(message->type, "ok") == 0;
    if (descriptor != -1)
        close(descriptor);
}

static void flood(const char *type, char *const words[], int word_count) {
    struct connection *connections = calloc(options.connections, sizeof *connections);
    struct pollfd *entries = calloc(options.connections, sizeof *entries);
    if (!connections || !entries)
        err(EX_OSERR, "malloc");
    for (uint64_t index = 0; index < options.connections; index++) {
        connections[index] = connected();
        STAILQ_INIT(&connections[index].output);
        entries[index].fd = connections[index].fd;
    }
    for (uint64_t open = options.connections; open > 0;) {
        for (uint64_t index = 0; index < options.connections; index++) {
            struct connection *connection = &connections[index];
            /* All requests are sent as soon as the socket accepts them. */
            while (entries[index].fd != -1 && connection->queued == 0 && connection->sent < options.repeat) {
                client_send(connection, type, payload_from(words, word_count));
                if (!frames_send(&connection->output, connection->fd, &connection->queued))
                    connection->sent = connection->queued = options.repeat;
            }
            entries[index].events = (short)(POLLIN | (connection->queued > 0 ? POLLOUT : 0));
        }
        wait_for_any(entries, options.connections);
        for (uint64_t index = 0; index < options.connections; index++) {
            struct connection *connection = &connections[index];
            if (entries[index].revents & POLLOUT)
                frames_send(&connection->output, connection->fd, &connection->queued);
            if (!(entries[index].revents & ~POLLOUT))
                continue;
            const bool ended = !receive(connection, count);
            failed |= ended;
            if (ended || connection->answered == options.repeat) {
                entries[index].fd = -1;
                open--;
            }
        }
    }
    say("%ju connections: %ju replies", (uintmax_t)options.connections, (uintmax_t)counted);
}

/* -- The program -- */

static void parse(int argc, char *argv[]) {
    struct option all[16] = {
        {"path", required_argument, NULL, 'p'},   {"timeout", required_argument, NULL, 't'},
        {"events", required_argument, NULL, 'e'}, {"connections", required_argument, NULL, 'c'},
        {"repeat", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
    };
    struct option *next = all + 6;
    for (const struct option *option = program->options; option && option->name; option++)
        *next++ = *option;
    for (int option; (option = getopt_long(argc, argv, "+", all, NULL)) != -1;)
        switch (option) {
        case 'p': options.path = optarg; break;
        case 't': options.timeout = timeout_option(optarg); break;
        case 'e': options.events = (uint64_t)number_option("events", optarg, 0, UINT32_MAX); break;
        case 'c': options.connections = (uint64_t)number_option("connections", optarg, 1, 100000); break;
        case 'r': options.repeat = (uint64_t)number_option("repeat", optarg, 1, UINT32_MAX); break;
        case 'h': say("%s", program->usage); exit(EXIT_SUCCESS);
        default:
            if (!program->option || !program->option(option))
                exit(EX_USAGE);
        }
    if ((options.connections > 1 || options.repeat > 1) && argc == optind)
        errx(EX_USAGE, "--connections and --repeat need a TYPE");
}

int client_run(int argc, char *argv[], const struct client_program *run) {
    program = run;
    options.path = run->default_path;
    parse(argc, argv);
    const char *type = optind < argc ? argv[optind] : NULL;
    char *const *words = argv + optind + (type ? 1 : 0);
    const int word_count = argc - optind - (type ? 1 : 0);
    if (word_count > 1 && key_length(words[0]) == 0)
        errx(EX_USAGE, "unexpected argument '%s'", words[1]);
    if (options.connections > 1 || options.repeat > 1) {
        flood(type, words, word_count);
    } else {
        events_left = options.events;
        struct connection connection = connected();
        STAILQ_INIT(&connection.output);
        if (type)
            request(&connection, type, payload_from(words, word_count));
        converse(&connection, !type);
        close(connection.fd);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
