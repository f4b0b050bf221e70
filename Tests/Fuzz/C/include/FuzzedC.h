// Functions through which Swift calls the C code that reads untrusted bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Receives with ipc_channel.h until a call fails or the input ends. Stores the lengths of the messages, and
/// their bytes one after the other. `*error` is errno, or 0 at the end of the input. Returns the number of
/// messages.
size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error);

/// An operation on a queue.
enum fuzzed_operation { FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE };
/// The size in bytes of a queue receiver's buffer, the length in bytes of a message that passes through a
/// ring, and the number of transfers through a ring.
enum { FUZZED_ROOM = 64, FUZZED_MESSAGE = 20, FUZZED_ROUNDS = 5 };

/// Opens the queue in `memory` with ipc_queue.h, and performs operations without waiting. The outcome of each
/// is its result, or its errno as a negative number. Returns 0, or the errno of opening the queue.
int fuzzed_queue(void *memory, size_t size, const uint8_t *operations, size_t count, int64_t *outcomes);

/// Counts the messages of a queue with ipc_queue.h and a deadline. Returns 0, or errno.
int fuzzed_queue_until(void *memory, size_t size, int64_t seconds, int64_t nanoseconds);

/// Returns the ID of this thread, as a lock word contains it.
uint32_t fuzzed_thread(void);

/// Opens one end of the ring in `memory` with ipc_ring.h, and sends or receives FUZZED_ROUNDS times without
/// waiting. The outcome of each is its result, or its errno as a negative number. Each receives into the next
/// FUZZED_MESSAGE bytes of `bytes`. Returns 0, or the errno of opening it.
int fuzzed_ring(void *memory, size_t size, uint32_t content, int role, int64_t *outcomes, uint8_t *bytes);

/// Creates a ring in `memory`, and transfers an empty record through it with NULL as both buffers. Returns
/// the length of the record, or -1.
int fuzzed_ring_of_nothing(void *memory, size_t size);

/// Sends messages with ipc_channel.h. `bytes` contains them one after the other. `*error` is errno, or 0.
/// Returns the number of messages that were sent.
size_t fuzzed_channel_send(int out, uint32_t limit, const uint32_t *lengths, size_t count,
                           const uint8_t *bytes, int *error);

/// Returns the value of `key` in a command line, as the sandbox init parses it.
const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length);

/// Encodes a value as the sandbox init writes it. Returns the length, or 0 if `out` is too small.
size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *out, size_t room);

/// Calls `run` with one input after the other. It is part of libFuzzer, which only `make fuzz` links.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t length));
