#include "FuzzedC.h"

#include <ipc_ring.h>

int fuzzed_ring(void *memory, size_t size, uint32_t content, int role) {
    struct ipc_ring ring;
    unsigned char buffer[20] = {1};
    const struct timespec now = {0};
    if (ipc_ring_open(&ring, memory, size, content, (enum ipc_ring_role)role) == -1)
        return errno;
    for (int i = 0; i < 5; i++) {
        if (role == IPC_RING_PRODUCER && content == IPC_RING_BYTES)
            ipc_ring_write(&ring, buffer, sizeof buffer, &now);
        else if (role == IPC_RING_PRODUCER)
            ipc_ring_send(&ring, buffer, sizeof buffer, &now);
        else if (content == IPC_RING_BYTES)
            ipc_ring_read(&ring, buffer, sizeof buffer, &now);
        else
            ipc_ring_receive(&ring, buffer, sizeof buffer, &now);
    }
    ipc_ring_close(&ring);
    return 0;
}
