#include "FuzzedC.h"

#include <ipc_queue.h>

static const struct timespec now = {0};

/* Returns the result of a call, or its negated errno. ETIMEDOUT is replaced by EAGAIN, because a
 * nonblocking call fails with EAGAIN in the library but with ETIMEDOUT in C. */
static int64_t outcome(int64_t result) {
    return result != -1 ? result : errno == ETIMEDOUT ? -EAGAIN : -errno;
}

static int64_t perform(const struct ipc_queue *queue, enum fuzzed_operation operation) {
    unsigned char buffer[FUZZED_ROOM] = {0};
    unsigned from = 0;
    switch (operation) {
    case FUZZED_SEND: return outcome(ipc_queue_send(queue, "\1\2\3", 3, &now));
    case FUZZED_RECEIVE: return outcome(ipc_queue_receive(queue, buffer, sizeof buffer, &now));
    case FUZZED_SELECT: return outcome(ipc_queue_select(queue, 1, &from, buffer, sizeof buffer, &now));
    case FUZZED_STATUS: return outcome(ipc_queue_messages(queue, &now));
    case FUZZED_CLOSE: return outcome(ipc_queue_close(queue, &now));
    }
    __builtin_trap();
}

int fuzzed_queue(void *memory, size_t size, const uint8_t *operations, size_t count, int64_t *outcomes) {
    struct ipc_queue queue;
    if (ipc_queue_open(&queue, memory, size) == -1)
        return errno;
    for (size_t i = 0; i < count; i++)
        outcomes[i] = perform(&queue, operations[i]);
    return 0;
}

int fuzzed_queue_until(void *memory, size_t size, int64_t seconds, int64_t nanoseconds) {
    struct ipc_queue queue;
    const struct timespec deadline = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    if (ipc_queue_open(&queue, memory, size) == -1)
        return errno;
    return ipc_queue_messages(&queue, &deadline) == -1 ? errno : 0;
}

uint32_t fuzzed_thread(void) {
    return (uint32_t)syscall(SYS_gettid);
}
