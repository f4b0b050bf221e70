// POSIX message queues. Swift does not import <mqueue.h>, and mq_open(3) is variadic. Each function returns
// the same result as the C function that it is named after, and sets errno in the same way.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Mirrors struct mq_attr.
struct cipc_mq_attributes {
    long flags;
    long maximum_messages;
    long message_size;
    long current_messages;
    long reserved[4];
};

/// Calls mq_open(3) with all four arguments. If `attributes` is NULL, a new queue has the system's default
/// attributes.
int cipc_mq_open(const char *name, int flags, uint32_t permissions,
                 const struct cipc_mq_attributes *attributes);
int cipc_mq_unlink(const char *name);

int cipc_mq_getattr(int queue, struct cipc_mq_attributes *attributes);
/// Calls mq_setattr(3). `previous` may be null.
int cipc_mq_setattr(int queue, long flags, struct cipc_mq_attributes *previous);

int cipc_mq_send(int queue, const void *message, size_t length, unsigned priority);
intptr_t cipc_mq_receive(int queue, void *buffer, size_t length, unsigned *priority);
/// The deadline is a CLOCK_REALTIME time.
int cipc_mq_timedsend(int queue, const void *message, size_t length, unsigned priority, int64_t seconds,
                      long nanoseconds);
intptr_t cipc_mq_timedreceive(int queue, void *buffer, size_t length, unsigned *priority, int64_t seconds,
                              long nanoseconds);

/// Call mq_notify(3) with SIGEV_SIGNAL, SIGEV_NONE and a null pointer, respectively.
int cipc_mq_notify_signal(int queue, int signal, int value);
int cipc_mq_notify_none(int queue);
int cipc_mq_notify_cancel(int queue);
