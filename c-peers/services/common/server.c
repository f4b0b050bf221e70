/* A server's loop: clients, their requests and replies. Replies are sent after all requests that are ready
 * have been handled, so the service can make many changes durable at once. */
#include "server.h"

#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { SECOND = 1000000000, RESERVED_DESCRIPTORS = 64 };

struct server server = {
    .mode = 0600, .max_clients = 256, .max_output = 4 << 20, .idle = INT64_MAX, .drain = 5LL * SECOND};

struct clients clients = TAILQ_HEAD_INITIALIZER(clients);
static int queue, listener, signals;
static int64_t resumption = INT64_MAX; /* the time at which the server accepts clients again */
static bool stopping;
static unsigned client_count;
static uint64_t last_number;

bool server_option(int option, const char *usage) {
    switch (option) {
    case 'p': server.path = optarg; return true;
    case 'm': server.mode = mode_option(optarg); return true;
    case 'a':
        if (server.allowed_count == MAX_ALLOWED)
            errx(EX_USAGE, "--allow: at most %d users", MAX_ALLOWED);
        server.allowed[server.allowed_count++] = (uid_t)number_option("allow", optarg, 0, UINT32_MAX - 1);
        return true;
    case 'c': server.max_clients = (unsigned)number_option("max-clients", optarg, 1, 100000); return true;
    case 'o':
        server.max_output =
            (size_t)number_option("max-output", optarg, MESSAGE_LIMIT + FRAME_HEADER, 1 << 30);
        return true;
    case 'i': server.idle = (int64_t)(seconds_option("idle", optarg) * SECOND); return true;
    case 'd': server.drain = (int64_t)(seconds_option("drain", optarg) * SECOND); return true;
    case 'h': say("%s", usage); exit(EXIT_SUCCESS);
    default: return false;
    }
}

/* -- Clients -- */

struct client *client_find(uint64_t number) {
    struct client *client;
    TAILQ_FOREACH(client, &clients, link)
    if (client->number == number && !client->dead && !client->ending)
        return client;
    return NULL;
}

static bool is_allowed(uid_t user) {
    for (unsigned index = 0; index < server.allowed_count; index++)
        if (server.allowed[index] == user)
            return true;
    return server.allowed_count == 0 && user == geteuid();
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
        /* The server has enough descriptors, but the system may have run out of descriptors or memory.
         * Connected clients are still served. */
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
        client_end(client);
    } else if (client_count > server.max_clients) {
        fail(client, &(struct message){0}, "limit", "there are already %u clients", server.max_clients);
        client_end(client);
    }
}

static void release(struct client *client) {
    if (server.service->closed)
        server.service->closed(client);
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

/* Sends replies. Returns whether there is more to do: a client that has now read its replies may have sent
 * more requests, or may be sent more messages. */
static bool flush(void) {
    bool more = false;
    struct client *client;
    if (server.service->commit)
        server.service->commit();
    TAILQ_FOREACH(client, &clients, link) {
        const bool blocked = !may_notify(client);
        if (!client->dead && client->queued > 0)
            client_send_output(client);
        if (client->ending && client->queued == 0)
            client->dead = true;
        more |= blocked && may_notify(client);
    }
    TAILQ_FOREACH(client, &clients, link)
    more |= client_handle_all(client);
    return more;
}

/* Releases a client that is disconnected. The service may then send to other clients, and sending may
 * disconnect them. */
static bool release_one(void) {
    struct client *client;
    TAILQ_FOREACH(client, &clients, link)
    if (client->dead) {
        release(client);
        return true;
    }
    return false;
}

static void watch(struct client *client) {
    const uint32_t events = (may_notify(client) ? EPOLLIN : 0) | (client->queued > 0 ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (events != client->events && epoll_ctl(queue, EPOLL_CTL_MOD, client->fd, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
    client->events = events;
}

/* Returns the time at which the service next has work to do. */
static int64_t flush_all(void) {
    int64_t next;
    do {
        while (release_one())
            ;
        next = server.service->tick ? server.service->tick(now_nanoseconds()) : INT64_MAX;
    } while (flush() || release_one());
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) watch(client);
    return next;
}

/* Disconnects clients whose deadline has passed. Returns the next deadline. */
static int64_t end_late_clients(int64_t now) {
    if (resumption <= now && !stopping)
        accept_clients(true);
    int64_t next = stopping ? INT64_MAX : resumption;
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) {
        if (client->ending && client->deadline <= now)
            client->dead = true;
        if (!client->ending && server.idle != INT64_MAX && now - client->last_activity >= server.idle)
            client_end_with_reason(client, "idle");
        if (client->ending)
            next = client->deadline < next ? client->deadline : next;
        else if (server.idle != INT64_MAX && client->last_activity + server.idle < next)
            next = client->last_activity + server.idle;
    }
    return next;
}

/* -- The loop -- */

/* Each client needs a descriptor, and further descriptors for those that are passed to it. */
static void reserve_descriptors(void) {
    const rlim_t passed = server.service->descriptors;
    const rlim_t each = passed > 0 ? 2 + PASSED_LIMIT : 2;
    const rlim_t needed = each * server.max_clients + passed + RESERVED_DESCRIPTORS;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = needed;
    if (limit.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &limit) == -1)
        errx(EX_USAGE, "--max-clients %u: only %ju descriptors are allowed", server.max_clients,
             (uintmax_t)limit.rlim_max);
}

static void add(int fd, void *tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == -1)
        err(EX_OSERR, "epoll_ctl");
}

/* Removes the path, so that another server can start; handles the requests that have arrived; and disconnects
 * all clients. */
static void stop(void) {
    if (stopping)
        return;
    stopping = true;
    listener_close(listener);
    if (server.service->stopping)
        server.service->stopping();
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) {
        /* A client cannot delay the shutdown by continuing to send requests. */
        ssize_t count;
        for (size_t total = 0; total < MESSAGE_LIMIT && may_notify(client); total += (size_t)count) {
            count = input_receive(&client->input, client->fd, NULL);
            if (count <= 0)
                break;
            client_handle_all(client);
        }
        if (!client->ending)
            client_end_with_reason(client, "shutdown");
    }
}

static void wait_and_handle(int64_t until) {
    struct epoll_event events[64];
    const int64_t left = until == INT64_MAX ? -1 : until - now_nanoseconds();
    /* Round up, so that the time has passed when the wait ends. */
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
            client_receive(client);
        else if (events[index].events & (EPOLLHUP | EPOLLERR))
            client->dead = true;
    }
}

void serve(const struct service *service, const char *default_path) {
    server.service = service;
    if (!server.path)
        server.path = default_path;
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
    listener = listener_open(server.path, server.mode);
    add(signals, &signals);
    add(listener, &listener);
    say("%s: listening at '%s'.", service->name, server.path);

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
