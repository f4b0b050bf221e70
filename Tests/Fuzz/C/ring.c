#include "FuzzedC.h"

#include <ipc_ring.h>

int fuzzed_ring_of_nothing(void *memory, size_t size) {
    struct ipc_ring producer, consumer;
    if (ipc_ring_make(memory, size, IPC_RING_RECORDS, 64) == -1 ||
        ipc_ring_open(&producer, memory, size, IPC_RING_RECORDS, IPC_RING_PRODUCER) == -1 ||
        ipc_ring_open(&consumer, memory, size, IPC_RING_RECORDS, IPC_RING_CONSUMER) == -1 ||
        ipc_ring_send(&producer, NULL, 0, NULL) == -1)
        return -1;
    return (int)ipc_ring_receive(&consumer, NULL, 0, NULL);
}

int fuzzed_ring(void *memory, size_t size, uint32_t content, int role, int64_t *outcomes, uint8_t *bytes) {
    struct ipc_ring ring;
    unsigned char message[FUZZED_MESSAGE];
    const struct timespec now = {0};
    memset(message, 1, sizeof message);
    if (ipc_ring_open(&ring, memory, size, content, (enum ipc_ring_role)role) == -1)
        return errno;
    for (int i = 0; i < FUZZED_ROUNDS; i++, bytes += FUZZED_MESSAGE) {
        int64_t result;
        if (role == IPC_RING_PRODUCER && content == IPC_RING_BYTES)
            result = ipc_ring_write(&ring, message, sizeof message, &now);
        else if (role == IPC_RING_PRODUCER)
            result = ipc_ring_send(&ring, message, sizeof message, &now);
        else if (content == IPC_RING_BYTES)
            result = ipc_ring_read(&ring, bytes, FUZZED_MESSAGE, &now);
        else
            result = ipc_ring_receive(&ring, bytes, FUZZED_MESSAGE, &now);
        outcomes[i] = result == -1 ? -errno : result;
    }
    ipc_ring_close(&ring);
    return 0;
}
