/* Requests that a child process or another thread performs for the peer, to test what processes inherit and
 * threads share. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void perform_inner(struct call *inner, const struct field *request) {
    static char line[LINE_SIZE];
    memcpy(line, request->value, request->length + 1);
    peer_perform(inner, line, request->length);
}

static const struct field *inner_request(struct call *call) {
    peer_text(call, "request");
    const struct field *request = peer_field(call, "request");
    if (call->outcome == OK && request->length >= LINE_SIZE)
        peer_invalid_request(call, "the request is longer than a line");
    return call->outcome == OK ? request : NULL;
}

static void respond_as(struct call *call, const struct call *inner) {
    call->outcome = inner->outcome;
    call->response_length = inner->response_length;
    memcpy(call->response, inner->response, inner->response_length);
}

/* The child exits without running exit handlers, which belong to the parent. */
static void perform_in_child(const struct field *request, int output) {
    static struct call inner;
    perform_inner(&inner, request);
    const char *bytes = (const char *)&inner;
    size_t written = 0;
    while (written < sizeof inner) {
        ssize_t count = write(output, bytes + written, sizeof inner - written);
        if (count == -1 && errno != EINTR)
            break;
        written += count == -1 ? 0 : (size_t)count;
    }
    _exit(0);
}

/* Reads what the child wrote. Returns the number of bytes, which is lower if the child exited early; -1
 * if reading fails. */
static ssize_t read_from_child(int input, struct call *inner) {
    size_t length = 0;
    while (length < sizeof *inner) {
        ssize_t count = read(input, (char *)inner + length, sizeof *inner - length);
        if (count == 0)
            break;
        if (count == -1 && errno != EINTR)
            return -1;
        length += count == -1 ? 0 : (size_t)count;
    }
    return (ssize_t)length;
}

static void perform_fork(struct call *call) {
    static struct call inner;
    const struct field *request = inner_request(call);
    int ends[2];
    if (!request)
        return;
    if (pipe2(ends, O_CLOEXEC) == -1) {
        peer_fail_in(call, "pipe2", errno);
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]); /* if the parent is killed, writing fails */
        perform_in_child(request, ends[1]);
    }
    int error = errno;
    close(ends[1]);
    ssize_t length = child == -1 ? 0 : read_from_child(ends[0], &inner);
    int read_error = errno;
    close(ends[0]);
    int status = 0;
    while (child != -1 && waitpid(child, &status, 0) == -1 && errno == EINTR)
        ;
    if (child == -1)
        peer_fail(call, error);
    else if (length == -1)
        peer_fail_in(call, "read", read_error);
    else if (length == sizeof inner)
        respond_as(call, &inner);
    else
        peer_reply(call, "killed", "%d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

struct work {
    const struct field *request;
    struct call *inner;
};

static void *perform_in_thread(void *argument) {
    struct work *work = argument;
    perform_inner(work->inner, work->request);
    return NULL;
}

static void perform_thread(struct call *call) {
    static struct call inner;
    struct work work = {inner_request(call), &inner};
    pthread_t thread;
    if (!work.request)
        return;
    int error = pthread_create(&thread, NULL, perform_in_thread, &work);
    if (error == 0)
        error = pthread_join(thread, NULL);
    if (error != 0)
        peer_fail_in(call, "pthread_create", error);
    else
        respond_as(call, &inner);
}

const struct operation peer_nested_operations[] = {
    {"fork", "request", perform_fork},
    {"thread", "request", perform_thread},
    {0},
};
