/* The tables of operations, one for each file that performs operations. Each table ends with a row without a
 * name. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "call.h"

/* Add a line for each new table. */
// clang-format off
#define OPERATION_TABLES(table) \
    table(general) \
    table(abi) \
    table(signal) \
    table(pipe) \
    table(transfer) \
    table(record) \
    table(buffered) \
    table(filter) \
    table(posix_mq) \
    table(notification) \
    table(sysv_shm) \
    table(sysv_sem) \
    table(sysv_msg) \
    table(memory_object) \
    table(mapping) \
    table(file_lock) \
    table(posix_sem) \
    table(socket) \
    table(message) \
    table(ancillary) \
    table(shared_mutex) \
    table(rwlock) \
    table(channel) \
    table(channel_series) \
    table(waiting) \
    table(nested) \
    table(splice) \
    table(many_messages) \
    table(many) \
    table(event) \
    table(inotify) \
    table(directory) \
    table(shared_queue) \
    table(shared_queue_bulk) \
    table(stream) \
    table(socket_option) \
    table(shared_block) \
    table(ring) \
    table(ring_series) \
    table(ring_spoil) \
    table(benchmark)
// clang-format on
#define DECLARE(name) extern const struct operation peer_##name##_operations[];
OPERATION_TABLES(DECLARE)

#endif
