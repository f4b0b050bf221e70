/* Shared by the services: messages, a server's loop, and a client's connection. docs/services.md describes
 * the protocol and how to add a service. */
#ifndef SERVICE_H
#define SERVICE_H

#include "../../examples/common/example.h"

#include <jansson.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
    FRAME_HEADER = 4,
    MESSAGE_LIMIT = 1 << 20, /* bytes in a message, excluding its header */
    ID_LIMIT = 64,
    TYPE_LIMIT = 32,
    NAME_LIMIT = 64, /* bytes in the name of a queue, segment or semaphore */
    DEPTH_LIMIT = 32,
    PASSED_LIMIT = 8, /* descriptors in transit to one client */
};

/* -- Messages (message.c) -- */

struct message {
    json_t *object;
    const char *id, *type; /* these pointers and `payload` point into `object` */
    json_t *payload;
};

/* Parses the bytes of a message. Returns NULL, or an error code. Release the object with json_decref. */
const char *message_parse(struct message *message, const char *bytes, size_t length);

/* Returns a frame: the header and the message. Takes ownership of the payload; NULL means null. The length is
 * 0 if the message exceeds the limit. */
struct frame *frame_new(const char *id, const char *type, json_t *payload);

/* Returns a frame with these bytes. */
struct frame *frame_of(const char *bytes, size_t length);

struct frame {
    STAILQ_ENTRY(frame) next;
    int descriptor; /* sent with the first byte, and then closed; -1 if there is none */
    size_t length, sent;
    char bytes[];
};
STAILQ_HEAD(frames, frame);

void frame_free(struct frame *frame);

/* Sends frames until the queue is empty or the socket is full. Returns false if the connection is broken. */
bool frames_send(struct frames *frames, int fd, size_t *queued);

/* Received bytes that have not been fully consumed. */
struct input {
    char *bytes;
    size_t start, end, capacity;
};

/* Receives some bytes, and a descriptor if one arrives and `descriptor` is not NULL. Returns their number; 0
 * at end of file; -1 with errno. */
ssize_t input_receive(struct input *input, int fd, int *descriptor);

/* Finds the next message. Returns 1 and its bytes, 0 if it is not complete, and -1 if it exceeds the limit.
 */
int input_next(struct input *input, const char **bytes, size_t *length);

/* Returns a JSON value as text with sorted keys. The caller frees it. */
char *json_text(const json_t *value);

/* Returns milliseconds since 1970. */
json_int_t now_milliseconds(void);

/* Returns the CLOCK_MONOTONIC time in nanoseconds. */
int64_t now_nanoseconds(void);

/* -- The server (server.c, connection.c, listener.c) -- */

struct client {
    TAILQ_ENTRY(client) link;
    uint64_t number; /* 1 for the first client of this server; never reused */
    struct ucred peer;
    int64_t last_activity;
    void *state; /* the service's data about this client */

    /* Private to server.c and connection.c. */
    int fd;
    uint32_t events;
    bool ending, dead;
    int64_t deadline;
    struct input input;
    struct frames output;
    size_t queued;
    unsigned descriptors; /* the number of descriptors queued in `output` */
    unsigned passed;      /* descriptors passed since the client last had none in transit */
};
TAILQ_HEAD(clients, client);

/* A function that replies to one type of request. */
struct handler {
    const char *type;
    void (*handle)(struct client *client, const struct message *request);
};

struct service {
    const char *name;
    const struct handler *handlers; /* ends with {0} */
    /* Each of the following functions may be NULL. */
    /* Called when a client has disconnected; it receives no more messages. */
    void (*closed)(struct client *client);
    /* Performs due actions before replies are sent. Returns when to call it again, or INT64_MAX. */
    int64_t (*tick)(int64_t now);
    /* Makes changes durable, before replies are sent. Exits if it cannot. */
    void (*commit)(void);
    /* Called when the server stops: replies to requests that are still waiting. */
    void (*stopping)(void);
    /* The number of descriptors that the service has open, if it passes descriptors to clients. */
    unsigned descriptors;
};

/* The options that all servers have. */
#define SERVER_OPTIONS                                                                                       \
    {"path", required_argument, NULL, 'p'}, {"mode", required_argument, NULL, 'm'},                          \
        {"allow", required_argument, NULL, 'a'}, {"max-clients", required_argument, NULL, 'c'},              \
        {"max-output", required_argument, NULL, 'o'}, {"idle", required_argument, NULL, 'i'},                \
        {"drain", required_argument, NULL, 'd'}, {                                                           \
        "help", no_argument, NULL, 'h'                                                                       \
    }
#define SERVER_USAGE                                                                                         \
    "  --path P           the socket\n"                                                                      \
    "  --mode OCTAL       its permissions (0600)\n"                                                          \
    "  --allow UID        a user who may use the service; may be repeated (the user of the server)\n"        \
    "  --max-clients N    how many clients may be connected (256)\n"                                         \
    "  --max-output N     how many bytes may wait for a client that does not read (4194304)\n"               \
    "  --idle SECONDS     after how long a silent client is disconnected (no limit)\n"                       \
    "  --drain SECONDS    how long clients may take to read their last messages (5)\n"

/* Handles one of these options. Returns false for any other option. `usage` is printed for --help. */
bool server_option(int option, const char *usage);

/* Serves until SIGTERM or SIGINT, and returns after all clients have received their last messages. */
void serve(const struct service *service, const char *default_path);

extern struct clients clients;

/* Returns NULL if there is no such client. */
struct client *client_find(uint64_t number);

void reply(struct client *client, const struct message *request, json_t *payload);
/* Passes a duplicate of a descriptor with the reply. Returns false if it sends an error reply instead. */
bool reply_with_descriptor(struct client *client, const struct message *request, json_t *payload, int fd);
/* Whether another descriptor may be sent to the client, because few of those sent earlier are still in
 * transit (message.c). The kernel limits the total number in transit to all clients. */
bool may_pass_descriptor(struct client *client);
__attribute__((format(printf, 4, 5))) void fail(struct client *client, const struct message *request,
                                                const char *code, const char *format, ...);
/* Sends a message that is not a reply. Returns false if it would exceed the limit. */
bool notify(struct client *client, const char *type, json_t *payload);
/* Whether the client has read enough for more messages, of any length, to be sent to it. */
bool may_notify(const struct client *client);

/* Reads the payload with json_unpack_ex(3). If the payload does not match the format, replies with an error
 * and returns false. */
bool unpack(struct client *client, const struct message *request, const char *format, ...);

/* Whether a string is a name: 1 to 64 letters, digits, and `._-`. If not, replies with an error. */
bool check_name(struct client *client, const struct message *request, const char *name);

/* Creates a socket that listens at `path`, and replaces the path of a server that died. Exits on failure. */
int listener_open(const char *path, mode_t mode);
/* Closes the socket, and removes its path unless another server replaced it. */
void listener_close(int fd);

/* -- The client (client.c) -- */

struct connection {
    int fd;
    int descriptor; /* the descriptor of a partly received message; -1 if there is none */
    struct input input;
    struct frames output;
    size_t queued;
    uint64_t sent, answered;
};

struct client_program {
    const char *default_path, *usage;
    /* Called for each message before it is printed; returns whether to print it. Closes the descriptor.
     * May be NULL. */
    bool (*received)(struct connection *connection, const struct message *message, int descriptor);
    /* Handles an option of this program; `options` ends with {0}. May be NULL. */
    const struct option *options;
    bool (*option)(int option);
    /* Handles a request in the client itself. Returns false if the server has to handle it. May be NULL. */
    bool (*local)(const char *type, json_t *payload);
};

#define CLIENT_USAGE                                                                                         \
    "  --path P           the socket of the server\n"                                                        \
    "  --timeout SECONDS  how long to wait for everything (no limit)\n"                                      \
    "  --events N         how many messages to wait for that are not replies (0)\n"                          \
    "  --connections N    how many connections send the request (1)\n"                                       \
    "  --repeat N         how often each sends it (1); with either option, replies are only counted\n"       \
    "Without TYPE, each line of standard input is a request. A value that is not JSON is a string.\n"

/* Sends requests, prints the messages that arrive, and returns the exit status. */
int client_run(int argc, char *argv[], const struct client_program *program);

/* Sends a request. Takes ownership of the payload. */
void client_send(struct connection *connection, const char *type, json_t *payload);

/* Prints a message, or the result of a request that the client handled itself. */
void client_print(const char *type, const json_t *payload);

/* Prints why the client itself cannot handle a request, and makes it exit with status 1. */
void client_refuse(const char *reason);

#endif
