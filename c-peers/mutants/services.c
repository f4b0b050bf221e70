/* Defects in services. Other programs do not have these functions, so the references are weak. */
#include "mutant.h"

#include "../services/queue/queue.h"

#include <unistd.h>

#pragma weak __real_client_find
#pragma weak __real_frames_send
#pragma weak __real_input_next
#pragma weak __real_listener_close
#pragma weak __real_queue_publish
#pragma weak __real_queue_reject
#pragma weak __real_queue_subscribe
#pragma weak __real_queues_tick
#pragma weak __real_store_append
#pragma weak __real_store_commit
#pragma weak __real_store_open
#pragma weak clients
#pragma weak frame_free
#pragma weak limits
#pragma weak queue_acknowledge

WRAPPED(client_find);
WRAPPED(frames_send);
WRAPPED(input_next);
WRAPPED(listener_close);
WRAPPED(queue_publish);
WRAPPED(queue_reject);
WRAPPED(queue_subscribe);
WRAPPED(queues_tick);
WRAPPED(store_append);
WRAPPED(store_commit);
WRAPPED(store_open);

/* -- Frames -- */

int __wrap_input_next(struct input *input, const char **bytes, size_t *length) {
    /* The server treats the bytes from one receive as one message. */
    if (mutant("arrival-as-message") && input->end - input->start > FRAME_HEADER) {
        *bytes = input->bytes + input->start + FRAME_HEADER;
        *length = input->end - input->start - FRAME_HEADER;
        input->start = input->end;
        return 1;
    }
    const int found = __real_input_next(input, bytes, length);
    /* The server accepts a length above the limit. */
    return found == -1 && mutant("length-trusted") ? 0 : found;
}

bool __wrap_frames_send(struct frames *frames, int fd, size_t *queued) {
    const bool sent = __real_frames_send(frames, fd, queued);
    struct frame *frame = STAILQ_FIRST(frames);
    /* The server loses the rest of a partially sent frame. */
    if (frame && frame->sent > 0 && mutant("rest-of-frame-lost")) {
        STAILQ_REMOVE_HEAD(frames, next);
        *queued -= frame->length - frame->sent;
        frame_free(frame);
    }
    return sent;
}

/* -- Clients -- */

struct client *__wrap_client_find(uint64_t number) {
    /* The server looks up a client by its position, which changes when another client leaves. */
    return mutant("first-client-found") ? TAILQ_FIRST(&clients) : __real_client_find(number);
}

void __wrap_listener_close(int fd) {
    __real_listener_close(fd);
    /* The server exits on the signal, before its clients have received their last messages. */
    if (mutant("ends-without-draining"))
        _exit(EXIT_SUCCESS);
}

/* -- Queues -- */

const char *__wrap_queue_publish(struct queue *queue, json_t *payload, enum priority priority,
                                 int64_t expires, uint64_t *number) {
    /* The server ignores priorities, and delivers messages in order of arrival. */
    if (mutant("priority-ignored"))
        priority = NORMAL;
    /* Messages never expire. */
    if (mutant("lifetime-ignored"))
        expires = 0;
    return __real_queue_publish(queue, payload, priority, expires, number);
}

void __wrap_queue_subscribe(struct queue *queue, struct client *client, unsigned credit) {
    /* The server ignores a consumer's credit, and delivers all messages at once. */
    __real_queue_subscribe(queue, client, mutant("credit-ignored") ? 1000 : credit);
}

bool __wrap_queue_reject(struct client *client, uint64_t number) {
    /* The server removes a rejected message. */
    return mutant("retry-lost") ? queue_acknowledge(client, number) : __real_queue_reject(client, number);
}

int64_t __wrap_queues_tick(int64_t now) {
    /* A consumer that does not respond keeps its message. */
    return __real_queues_tick(mutant("late-consumer-kept") ? 0 : now);
}

/* -- The log -- */

void __wrap_store_open(const char *path, void (*replay)(const json_t *record)) {
    /* A message that no consumer can handle is delivered again and again. */
    if (mutant("retried-without-end"))
        limits.retries = UINT32_MAX;
    __real_store_open(path, replay);
}

void __wrap_store_append(json_t *record) {
    /* After a restart, the server delivers acknowledged messages again. */
    if (mutant("acknowledgement-not-stored") && json_object_get(record, "remove"))
        json_decref(record);
    else
        __real_store_append(record);
}

void __wrap_store_commit(void) {
    /* The server replies before it writes the message to the disk. */
    if (!mutant("reply-before-write"))
        __real_store_commit();
}
