/* The loop of a server: clients, their requests and replies. Replies are sent after all requests that are
 * ready have been handled, so the service can make many changes durable at once. */
#include "service.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { SECOND = 1000000000, MAX_ALLOWED = 16, RESERVED_DESCRIPTORS = 64 };

static struct {
    const char *path;
    mode_t mode;
    uid_t allowed[MAX_ALLOWED];
    unsigned allowed_count, max_clients;
    size_t max_output;
    int64_t idle, drain;
} options = {
    .mode = 0600, .max_clients = 256, .max_output = 4 << 20, .idle = INT64_MAX, .drain = 5LL * SECOND};

struct clients clients = TAILQ_HEAD_INITIALIZER(clients);
static const struct service *service;
static int queue, listener, signals;
static int64_t resumption = INT64_MAX; /* when clients are accepted again */
static bool stopping;
static unsigned client_count;
static uint64_t last_number;

bool server_option(int option, const char *usage) {
    switch (option) {
    case 'p': options.path = optarg; return true;
    case 'm': options.mode = mode_option(optarg); return true;
    case 'a':
        if (options.allowed_count == MAX_ALLOWED)
            errx(EX_USAGE, "--allow: at most %d users", MAX_ALLOWED);
        options.allowed[options.allowed_count++] = (uid_t)number_option("allow", optarg, 0, UINT32_MAX - 1);
        return true;
    case 'c': options.max_clients = (unsigned)number_option("max-clients", optarg, 1, 100000); return true;
    case 'o':
        options.max_output =
            (size_t)number_option("max-output", optarg, MESSAGE_LIMIT + FRAME_HEADER, 1 << 30);
        return true;
    case 'i': options.idle = (int64_t)(seconds_option("idle", optarg) * SECOND); return true;
    case 'd': options.drain = (int64_t)(seconds_option("drain", optarg) * SECOND); return true;
    case 'h': say("%s", usage); exit(EXIT_SUCCESS);
    default: return false;
    }
}

/* -- Output -- */

/* A client that does not read its replies cannot send more requests, and has at most one descriptor in its
 * output. */
bool may_notify(const struct client *client) {
    return !client->dead && !client->ending && client->descriptors == 0 &&
           client->queued < options.max_output / 4;
}

static void watch(struct client *client) {
    const uint32_t events = (may_notify(client) ? EPOLLIN : 0) | (client->queued > 0 ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (events != client->events && epoll_ctl(queue, EPOLL_CTL_MOD, client->fd, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
    client->events = events;
}

static void enqueue(struct client *client, struct frame *frame) {
    if (client->dead || client->ending) {
        frame_free(frame);
        return;
    }
    STAILQ_INSERT_TAIL(&client->output, frame, next);
    client->queued += frame->length;
    client->descriptors += frame->descriptor != -1;
    /* Only messages of other clients can exceed the limit: replies stop the reading before. */
    if (client->queued > options.max_output) {
        say("client %ju: does not read", (uintmax_t)client->number);
        client->dead = true;
    }
}

/* Lets a client read its last messages, and then disconnects it. */
static void end(struct client *client) {
    client->ending = true;
    client->deadline = now_nanoseconds() + options.drain;
}

static void end_with_reason(struct client *client, const char *reason) {
    notify(client, "closing", json_pack("{ss}", "reason", reason));
    end(client);
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

/* Returns false if the reply is an error instead. */
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

struct client *client_find(uint64_t number) {
    struct client *client;
    TAILQ_FOREACH(client, &clients, link)
    if (client->number == number && !client->dead && !client->ending)
        return client;
    return NULL;
}

/* -- Input -- */

static void handle(struct client *client, const char *bytes, size_t length) {
    struct message request;
    const char *problem = message_parse(&request, bytes, length);
    client->last_activity = now_nanoseconds();
    const struct handler *handler = service->handlers;
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

/* Handles the complete messages that were received, unless the client has to read its replies first. Returns
 * whether there was one. */
static bool handle_all(struct client *client) {
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
            end(client);
        }
    }
    return handled;
}

static void receive(struct client *client) {
    const ssize_t count = input_receive(&client->input, client->fd, NULL);
    if (count == -1 && errno != EAGAIN && errno != EINTR)
        client->dead = true;
    /* The client may still read its replies. Without any, it is released before others get messages. */
    if (count == 0) {
        end(client);
        client->dead = client->queued == 0;
    }
    if (count <= 0)
        return;
    handle_all(client);
}

/* -- Clients -- */

static bool is_allowed(uid_t user) {
    for (unsigned index = 0; index < options.allowed_count; index++)
        if (options.allowed[index] == user)
            return true;
    return options.allowed_count == 0 && user == geteuid();
}

/* Starts or stops accepting clients. */
static void accept_clients(bool accepts) {
    struct epoll_event event = {.events = accepts ? EPOLLIN : 0, .data.ptr = &listener};
    if (epoll_ctl(queue, EPOLL_CTL_MOD, listener, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
    resumption = accepts ? INT64_MAX : now_nanoseconds() + SECOND;
}

static void accept_client(void) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd == -1) {
        /* The server has enough descriptors, but the system may lack them, or memory. Its clients are still
         * served. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            warn("accept4");
            accept_clients(false);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            err(EX_OSERR, "accept4");
        }
        return;
    }
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        err(EX_OSERR, "malloc");
    client->fd = fd;
    client->number = ++last_number;
    client->last_activity = now_nanoseconds();
    client->events = EPOLLIN;
    STAILQ_INIT(&client->output);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer, &(socklen_t){sizeof client->peer}) == -1)
        err(EX_OSERR, "getsockopt");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
    TAILQ_INSERT_TAIL(&clients, client, link);
    client_count++;
    if (!is_allowed(client->peer.uid)) {
        fail(client, &(struct message){0}, "not-permitted", "user %u may not use this service",
             client->peer.uid);
        end(client);
    } else if (client_count > options.max_clients) {
        fail(client, &(struct message){0}, "limit", "there are already %u clients", options.max_clients);
        end(client);
    }
}

static void release(struct client *client) {
    if (service->closed)
        service->closed(client);
    TAILQ_REMOVE(&clients, client, link);
    client_count--;
    for (struct frame *frame; (frame = STAILQ_FIRST(&client->output));) {
        STAILQ_REMOVE_HEAD(&client->output, next);
        frame_free(frame);
    }
    close(client->fd);
    free(client->input.bytes);
    free(client);
}

static void send_output(struct client *client) {
    if (!frames_send(&client->output, client->fd, &client->queued))
        client->dead = true;
    if (client->descriptors == 0)
        return;
    client->descriptors = 0;
    struct frame *frame;
    STAILQ_FOREACH(frame, &client->output, next) client->descriptors += frame->descriptor != -1;
}

/* Sends replies. Returns whether there is more to do: a client that has read its replies had sent more
 * requests, or may get more messages. */
static bool flush(void) {
    bool more = false;
    struct client *client;
    if (service->commit)
        service->commit();
    TAILQ_FOREACH(client, &clients, link) {
        const bool blocked = !may_notify(client);
        if (!client->dead && client->queued > 0)
            send_output(client);
        if (client->ending && client->queued == 0)
            client->dead = true;
        more |= blocked && may_notify(client);
    }
    TAILQ_FOREACH(client, &clients, link)
    more |= handle_all(client);
    return more;
}

/* Releases a client that is disconnected. The service may then send to others, which may disconnect them. */
static bool release_one(void) {
    struct client *client;
    TAILQ_FOREACH(client, &clients, link)
    if (client->dead) {
        release(client);
        return true;
    }
    return false;
}

/* Returns when the service has to do something. */
static int64_t flush_all(void) {
    int64_t next;
    do {
        while (release_one())
            ;
        next = service->tick ? service->tick(now_nanoseconds()) : INT64_MAX;
    } while (flush() || release_one());
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) watch(client);
    return next;
}

/* Ends clients whose time is over. Returns when the next one is. */
static int64_t end_late_clients(int64_t now) {
    if (resumption <= now && !stopping)
        accept_clients(true);
    int64_t next = stopping ? INT64_MAX : resumption;
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) {
        if (client->ending && client->deadline <= now)
            client->dead = true;
        if (!client->ending && options.idle != INT64_MAX && now - client->last_activity >= options.idle)
            end_with_reason(client, "idle");
        if (client->ending)
            next = client->deadline < next ? client->deadline : next;
        else if (options.idle != INT64_MAX && client->last_activity + options.idle < next)
            next = client->last_activity + options.idle;
    }
    return next;
}

/* -- The loop -- */

/* Each client needs a descriptor, and more for those that are passed to it. */
static void reserve_descriptors(void) {
    const rlim_t each = service->descriptors > 0 ? 2 + PASSED_LIMIT : 2;
    const rlim_t needed = each * options.max_clients + service->descriptors + RESERVED_DESCRIPTORS;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = needed;
    if (limit.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &limit) == -1)
        errx(EX_USAGE, "--max-clients %u: only %ju descriptors are allowed", options.max_clients,
             (uintmax_t)limit.rlim_max);
}

static void add(int fd, void *tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
}

/* Removes the path, so that another server can start; handles the requests that have arrived; and ends all
 * clients. */
static void stop(void) {
    if (stopping)
        return;
    stopping = true;
    listener_close(listener);
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) {
        /* A client cannot delay the end by sending more and more. */
        ssize_t count;
        for (size_t total = 0; total < MESSAGE_LIMIT && may_notify(client); total += (size_t)count) {
            count = input_receive(&client->input, client->fd, NULL);
            if (count <= 0)
                break;
            handle_all(client);
        }
        if (!client->ending)
            end_with_reason(client, "shutdown");
    }
}

static void wait_and_handle(int64_t until) {
    struct epoll_event events[64];
    const int64_t left = until == INT64_MAX ? -1 : until - now_nanoseconds();
    /* Rounded up, so that the time is over when the wait ends. */
    const int timeout = until == INT64_MAX ? -1 : left <= 0 ? 0 : (int)MIN((left - 1) / 1000000 + 1, INT_MAX);
    const int count = epoll_wait(queue, events, 64, timeout);
    if (count == -1 && errno != EINTR)
        err(EX_OSERR, "epoll_wait");
    for (int index = 0; index < count; index++) {
        void *tag = events[index].data.ptr;
        struct client *client = tag;
        if (tag == &signals)
            stop();
        else if (tag == &listener && !stopping)
            accept_client();
        else if (tag == &listener)
            continue;
        else if (!client->dead && events[index].events & EPOLLIN && !client->ending)
            receive(client);
        else if (events[index].events & (EPOLLHUP | EPOLLERR))
            client->dead = true;
    }
}

void serve(const struct service *served, const char *default_path) {
    service = served;
    if (!options.path)
        options.path = default_path;
    reserve_descriptors();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    queue = epoll_create1(EPOLL_CLOEXEC);
    if (signals == -1 || queue == -1)
        err(EX_OSERR, "epoll_create1");
    listener = listener_open(options.path, options.mode);
    add(signals, &signals);
    add(listener, &listener);
    say("%s: listening at '%s'.", service->name, options.path);

    while (!stopping || !TAILQ_EMPTY(&clients)) {
        const int64_t late = end_late_clients(now_nanoseconds()), tick = flush_all();
        if (stopping && TAILQ_EMPTY(&clients))
            break;
        wait_and_handle(MIN(late, tick));
    }
    close(signals);
    close(queue);
    say("%s: stopped.", service->name);
}
