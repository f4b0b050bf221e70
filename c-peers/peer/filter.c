/* A filter: runs a program with piped input and output, and transfers both at the same time. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAXIMUM_ARGUMENTS = 32, FIRST_ROOM = 65536, MAXIMUM_OUTPUT = 1 << 30 };

struct filter {
    pid_t child;
    int input, output; /* the parent's ends; -1 once closed */
    const unsigned char *bytes;
    size_t length, written;
    unsigned char *room;
    size_t capacity, received;
};

static void close_end(int *fd) {
    if (*fd != -1)
        close(*fd);
    *fd = -1;
}

/* Splits the words at their commas. */
static void split(struct call *call, char *program, char *words, char *argv[MAXIMUM_ARGUMENTS + 2]) {
    size_t count = 0;
    argv[count++] = program;
    for (char *word; words && (word = strsep(&words, ","));) {
        if (count > MAXIMUM_ARGUMENTS) {
            peer_invalid_request(call, "at most %d arguments", MAXIMUM_ARGUMENTS);
            break;
        }
        argv[count++] = word;
    }
    argv[count] = NULL;
}

/* The child starts with the default signal state: this process ignores SIGPIPE, and may block other signals.
 * Returns an error number. */
static int spawn(char *argv[], int input, int output, pid_t *child) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawnp(child, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Both pipes are close-on-exec, so the child has only the descriptors that spawn() duplicates. The parent's
 * ends are nonblocking, which does not affect the child's ends: each end is a separate open file
 * description. */
static int start(struct filter *filter, char *argv[]) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, error = 0;
    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1) {
        error = errno;
        peer_set_failed_call("pipe2");
    } else if (fcntl(in[1], F_SETFL, O_NONBLOCK) == -1 || fcntl(out[0], F_SETFL, O_NONBLOCK) == -1) {
        error = errno;
        peer_set_failed_call("fcntl");
    } else if ((error = spawn(argv, in[0], out[1], &filter->child)) != 0) {
        peer_set_failed_call("posix_spawnp");
    }
    close_end(&in[0]); /* otherwise end of file and a broken pipe would be missed */
    close_end(&out[1]);
    filter->input = in[1];
    filter->output = out[0];
    errno = error;
    return error == 0 ? 0 : -1;
}

/* It is not a failure if the child stops reading: head(1), for example, does so. */
static int feed(struct filter *filter) {
    const size_t left = filter->length - filter->written;
    const ssize_t count = left > 0 ? write(filter->input, filter->bytes + filter->written, left) : 0;
    if (count == -1 && errno == EAGAIN)
        return 0;
    if (count == -1 && errno != EPIPE)
        return peer_set_failed_call("write");
    filter->written += count > 0 ? (size_t)count : 0;
    if (count == -1 || filter->written == filter->length)
        close_end(&filter->input);
    return 0;
}

static int collect(struct filter *filter) {
    if (filter->received == filter->capacity) {
        const size_t capacity = filter->capacity > 0 ? 2 * filter->capacity : FIRST_ROOM;
        unsigned char *room = capacity <= MAXIMUM_OUTPUT ? realloc(filter->room, capacity) : NULL;
        if (!room) {
            errno = capacity <= MAXIMUM_OUTPUT ? ENOMEM : EMSGSIZE;
            return peer_set_failed_call("realloc");
        }
        filter->room = room;
        filter->capacity = capacity;
    }
    const ssize_t count =
        read(filter->output, filter->room + filter->received, filter->capacity - filter->received);
    if (count == -1)
        return errno == EAGAIN ? 0 : peer_set_failed_call("read");
    filter->received += (size_t)count;
    if (count == 0)
        close_end(&filter->output);
    return 0;
}

/* Transfers input and output at the same time: a child whose output is not read stops reading its input. */
static int pump(struct filter *filter, struct timeout *wait) {
    while (filter->output != -1) {
        struct pollfd entries[2] = {{.fd = filter->input, .events = POLLOUT},
                                    {.fd = filter->output, .events = POLLIN}};
        const int ready = ppoll(entries, 2, peer_remaining(wait), NULL);
        if (peer_retry(wait, ready))
            continue;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready <= 0)
            return peer_set_failed_call("poll");
        if ((entries[0].revents && feed(filter) == -1) || (entries[1].revents && collect(filter) == -1))
            return -1;
    }
    close_end(&filter->input);
    return 0;
}

static int await(struct filter *filter, const struct timeout *wait, siginfo_t *end) {
    int result;
    do
        result = waitid(P_PID, (id_t)filter->child, end, WEXITED);
    while (peer_retry(wait, result));
    if (result == -1)
        return peer_set_failed_call("waitid");
    filter->child = 0;
    return 0;
}

/* Kills the child, and closes all descriptors. */
static void clean_up(struct filter *filter) {
    siginfo_t end;
    close_end(&filter->input);
    close_end(&filter->output);
    if (filter->child != 0) {
        kill(filter->child, SIGKILL);
        while (waitid(P_PID, (id_t)filter->child, &end, WEXITED) == -1 && errno == EINTR)
            ;
    }
    free(filter->room);
}

static void perform_filter(struct call *call) {
    char *program = (char *)peer_text(call, "program"), *argv[MAXIMUM_ARGUMENTS + 2];
    split(call, program, peer_has(call, "args") ? (char *)peer_text(call, "args") : NULL, argv);
    const struct payload sent = peer_payload(call, "buf", "count");
    const struct expectation expected =
        peer_has(call, "pattern") ? peer_expectation(call) : (struct expectation){0};
    struct timeout wait = peer_optional_timeout(call);
    struct filter filter = {.input = -1, .output = -1, .bytes = sent.bytes, .length = sent.length};
    siginfo_t end = {0};
    if (call->outcome != OK)
        return;
    if (start(&filter, argv) == -1 || pump(&filter, &wait) == -1 || await(&filter, &wait, &end) == -1) {
        peer_fail(call, errno);
    } else {
        /* Reports a signal as a shell does: 128 plus its number. */
        const int status = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
        peer_reply(call, "return", "%zu", filter.received);
        peer_reply(call, "status", "%d", status);
        peer_reply_payload(call, "buf", expected, filter.room, filter.received);
    }
    clean_up(&filter);
}

const struct operation peer_filter_operations[] = {
    {"filter", "program args buf count pattern offset timeout eintr", perform_filter},
    {0},
};
