#include "FuzzedC.h"

#include <ipc_queue.h>

int fuzzed_queue(void *memory, size_t size) {
    struct ipc_queue queue;
    unsigned char buffer[64];
    if (ipc_queue_open(&queue, memory, size) == -1)
        return errno;
    for (int i = 0; i < 5; i++) {
        unsigned from = (unsigned)i;
        size_t length = queue.slot_size < sizeof buffer ? queue.slot_size : sizeof buffer;
        ipc_queue_trysend(&queue, buffer, length);
        ipc_queue_tryreceive(&queue, buffer, sizeof buffer);
        ipc_queue_select(&queue, 1, &from, buffer, sizeof buffer, &(struct timespec){0});
        ipc_queue_messages(&queue);
    }
    ipc_queue_close(&queue);
    return 0;
}
