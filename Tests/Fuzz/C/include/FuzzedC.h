// The C that is given bytes which nobody vouches for, in a form that Swift can call.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Receives by ipc_channel.h until it fails or the input ends: the lengths of the messages, and their bytes
/// one behind the other. `*error` is errno, or 0 at the end. Returns how many messages there were.
size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error);

/// Opens the queue that lies in `memory` by ipc_queue.h and does everything with it that can be done without
/// waiting. Returns 0, or the errno of opening it.
int fuzzed_queue(void *memory, size_t size);

/// Opens one end of the ring that lies in `memory` by ipc_ring.h and does everything with it that can be done
/// without waiting. Returns 0, or the errno of opening it.
int fuzzed_ring(void *memory, size_t size, uint32_t content, int role);

/// The value of `key` in a line to the warden.
const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length);

/// A value as the warden writes it.
size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *out, size_t room);

/// libFuzzer's, which only the program of `make fuzz` is linked with: calls `run` with one input after the
/// other.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t length));
