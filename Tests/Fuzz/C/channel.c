#include "FuzzedC.h"

#include <ipc_channel.h>
#include <string.h>

size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error) {
    struct ipc_channel channel;
    size_t count = 0, length;
    int result = 0;
    ipc_channel_init(&channel, in, -1, limit);
    while (count < most && (result = ipc_channel_receive(&channel, bytes, &length, NULL)) == 1) {
        lengths[count++] = (uint32_t)length;
        bytes += length;
    }
    *error = result == -1 ? errno : 0;
    // After an error, every later call must fail with the same error.
    if (result == -1 && (ipc_channel_receive(&channel, bytes, &length, NULL) != -1 || errno != *error))
        __builtin_trap();
    return count;
}

size_t fuzzed_channel_send(int out, uint32_t limit, const uint32_t *lengths, size_t count,
                           const uint8_t *bytes, int *error) {
    struct ipc_channel channel;
    ipc_channel_init(&channel, -1, out, limit);
    *error = 0;
    for (size_t i = 0; i < count; bytes += lengths[i++]) {
        if (ipc_channel_send(&channel, bytes, lengths[i], NULL) == -1) {
            *error = errno;
            return i;
        }
    }
    return count;
}
