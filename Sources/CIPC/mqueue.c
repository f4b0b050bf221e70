#include "cipc_mqueue.h"

#include <mqueue.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

_Static_assert(sizeof(mode_t) == sizeof(uint32_t) && sizeof(ssize_t) == sizeof(intptr_t), "types");
_Static_assert(sizeof(mqd_t) == sizeof(int), "a message queue descriptor is a file descriptor");
_Static_assert(offsetof(struct cipc_mq_attributes, flags) == offsetof(struct mq_attr, mq_flags), "mq_flags");
_Static_assert(offsetof(struct cipc_mq_attributes, maximum_messages) == offsetof(struct mq_attr, mq_maxmsg),
               "mq_maxmsg");
_Static_assert(offsetof(struct cipc_mq_attributes, message_size) == offsetof(struct mq_attr, mq_msgsize),
               "mq_msgsize");
_Static_assert(offsetof(struct cipc_mq_attributes, current_messages) == offsetof(struct mq_attr, mq_curmsgs),
               "mq_curmsgs");
_Static_assert(sizeof(struct cipc_mq_attributes) == sizeof(struct mq_attr), "mq_attr");

static struct cipc_mq_attributes mirrored(const struct mq_attr *attributes) {
    return (struct cipc_mq_attributes){
        .flags = attributes->mq_flags,
        .maximum_messages = attributes->mq_maxmsg,
        .message_size = attributes->mq_msgsize,
        .current_messages = attributes->mq_curmsgs,
    };
}

int cipc_mq_open(const char *name, int flags, uint32_t permissions,
                 const struct cipc_mq_attributes *attributes) {
    if (attributes == NULL)
        return mq_open(name, flags, permissions, NULL);
    struct mq_attr wanted = {
        .mq_maxmsg = attributes->maximum_messages,
        .mq_msgsize = attributes->message_size,
    };
    return mq_open(name, flags, permissions, &wanted);
}

int cipc_mq_unlink(const char *name) {
    return mq_unlink(name);
}

int cipc_mq_getattr(int queue, struct cipc_mq_attributes *attributes) {
    struct mq_attr answer;
    int result = mq_getattr(queue, &answer);
    if (result == 0)
        *attributes = mirrored(&answer);
    return result;
}

int cipc_mq_setattr(int queue, long flags, struct cipc_mq_attributes *previous) {
    struct mq_attr wanted = {.mq_flags = flags}, answer;
    int result = mq_setattr(queue, &wanted, &answer);
    if (result == 0 && previous != NULL)
        *previous = mirrored(&answer);
    return result;
}

int cipc_mq_send(int queue, const void *message, size_t length, unsigned priority) {
    return mq_send(queue, message, length, priority);
}

intptr_t cipc_mq_receive(int queue, void *buffer, size_t length, unsigned *priority) {
    return mq_receive(queue, buffer, length, priority);
}

int cipc_mq_timedsend(int queue, const void *message, size_t length, unsigned priority, int64_t seconds,
                      long nanoseconds) {
    struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return mq_timedsend(queue, message, length, priority, &deadline);
}

intptr_t cipc_mq_timedreceive(int queue, void *buffer, size_t length, unsigned *priority, int64_t seconds,
                              long nanoseconds) {
    struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    return mq_timedreceive(queue, buffer, length, priority, &deadline);
}

int cipc_mq_notify_signal(int queue, int signal, int value) {
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = value};
    return mq_notify(queue, &event);
}

int cipc_mq_notify_none(int queue) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    return mq_notify(queue, &event);
}

int cipc_mq_notify_cancel(int queue) {
    return mq_notify(queue, NULL);
}
