/* A server's connections: requests, replies, and other messages. */
#include "server.h"

#include <fcntl.h>
#include <stdarg.h>

/* -- Output -- */

/* A client that does not read its replies cannot send more requests, and has at most one descriptor in its
 * output. */
bool may_notify(const struct client *client) {
    return !client->dead && !client->ending && client->descriptors == 0 &&
           client->queued < server.max_output / 4;
}

static void enqueue(struct client *client, struct frame *frame) {
    if (client->dead || client->ending) {
        frame_free(frame);
        return;
    }
    STAILQ_INSERT_TAIL(&client->output, frame, next);
    client->queued += frame->length;
    client->descriptors += frame->descriptor != -1;
    /* Only messages from other clients can exceed the limit: the server stops reading requests before replies
     * do. */
    if (client->queued > server.max_output) {
        say("client %ju: does not read", (uintmax_t)client->number);
        client->dead = true;
    }
}

void client_end(struct client *client) {
    client->ending = true;
    client->deadline = now_nanoseconds() + server.drain;
}

void client_end_with_reason(struct client *client, const char *reason) {
    notify(client, "closing", json_pack("{ss}", "reason", reason));
    client_end(client);
}

bool notify(struct client *client, const char *type, json_t *payload) {
    static uint64_t number;
    char id[32];
    snprintf(id, sizeof id, "event-%ju", (uintmax_t)++number);
    struct frame *frame = frame_new(id, type, payload);
    const bool fits = frame->length > 0;
    if (fits)
        enqueue(client, frame);
    else
        frame_free(frame);
    return fits;
}

/* Returns false if it sends an error reply instead. */
static bool reply_as(struct client *client, const char *id, const char *type, json_t *payload, int fd) {
    struct frame *frame = frame_new(id, type, payload);
    const bool fits = frame->length > 0;
    const bool replies = fits && (fd == -1 || (frame->descriptor = fcntl(fd, F_DUPFD_CLOEXEC, 0)) != -1);
    if (!replies) {
        frame_free(frame);
        json_t *error =
            fits ? json_pack("{ss, ss}", "code", "limit", "message", "too many descriptors are in use")
                 : json_pack("{ss, ss}", "code", "too-large", "message", "the reply exceeds 1 MiB");
        frame = frame_new(id, "error", error);
    }
    enqueue(client, frame);
    return replies;
}

void reply(struct client *client, const struct message *request, json_t *payload) {
    reply_as(client, request->id, "ok", payload, -1);
}

bool reply_with_descriptor(struct client *client, const struct message *request, json_t *payload, int fd) {
    client->passed++;
    return reply_as(client, request->id, "ok", payload, fd);
}

void fail(struct client *client, const struct message *request, const char *code, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_t *error = json_pack("{ss, ss}", "code", code, "message", text);
    reply_as(client, request->id ? request->id : "-", "error", error, -1);
}

void client_send_output(struct client *client) {
    if (!frames_send(&client->output, client->fd, &client->queued))
        client->dead = true;
    if (client->descriptors == 0)
        return;
    client->descriptors = 0;
    struct frame *frame;
    STAILQ_FOREACH(frame, &client->output, next) client->descriptors += frame->descriptor != -1;
}

bool unpack(struct client *client, const struct message *request, const char *format, ...) {
    json_error_t error;
    va_list arguments;
    va_start(arguments, format);
    const bool fits = json_vunpack_ex(request->payload, &error, 0, format, arguments) == 0;
    va_end(arguments);
    if (!fits)
        fail(client, request, "invalid-payload", "the payload does not fit the type '%s'", request->type);
    return fits;
}

bool check_name(struct client *client, const struct message *request, const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t length = strlen(name);
    const bool valid = length >= 1 && length <= NAME_LIMIT && strspn(name, allowed) == length;
    if (!valid)
        fail(client, request, "invalid-payload", "a name has 1 to %d letters, digits, and ._-", NAME_LIMIT);
    return valid;
}

/* -- Input -- */

static void handle(struct client *client, const char *bytes, size_t length) {
    struct message request;
    const char *problem = message_parse(&request, bytes, length);
    client->last_activity = now_nanoseconds();
    const struct handler *handler = server.service->handlers;
    if (problem) {
        fail(client, &request, problem, "a message is %s",
             strcmp(problem, "invalid-json") == 0 ? "a JSON object" : "{id, type, payload, timestamp}");
    } else {
        while (handler->type && strcmp(handler->type, request.type) != 0)
            handler++;
        if (handler->type)
            handler->handle(client, &request);
        else
            fail(client, &request, "unknown-type", "there is no request of this type");
    }
    json_decref(request.object);
}

bool client_handle_all(struct client *client) {
    const char *bytes;
    size_t length;
    bool handled = false;
    while (may_notify(client)) {
        const int found = input_next(&client->input, &bytes, &length);
        if (found == 0)
            break;
        handled = true;
        if (found == 1) {
            handle(client, bytes, length);
        } else {
            fail(client, &(struct message){0}, "too-large", "a message has at most %d bytes", MESSAGE_LIMIT);
            client_end(client);
        }
    }
    return handled;
}

void client_receive(struct client *client) {
    const ssize_t count = input_receive(&client->input, client->fd, NULL);
    if (count == -1 && errno != EAGAIN && errno != EINTR)
        client->dead = true;
    /* The client may still read its replies. If there are none, the client is released before others get
     * messages. */
    if (count == 0) {
        client_end(client);
        client->dead = client->queued == 0;
    }
    if (count <= 0)
        return;
    client_handle_all(client);
}
