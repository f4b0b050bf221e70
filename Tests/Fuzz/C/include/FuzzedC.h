// Functions that let Swift call the C code that reads untrusted bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Receives with ipc_channel.h until a call fails or the input ends. Stores the lengths of the messages, and
/// their bytes consecutively. `*error` is errno, or 0 at the end of the input. Returns the number of
/// messages.
size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error);

/// An operation on a queue.
enum fuzzed_operation { FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE };
/// The size of a queue receiver's buffer, the length of a message that passes through a ring, both in bytes,
/// and the number of transfers through a ring.
enum { FUZZED_ROOM = 64, FUZZED_MESSAGE = 20, FUZZED_ROUNDS = 5 };

/// Opens the queue in `memory` with ipc_queue.h, and performs nonblocking operations. Each outcome is the
/// result or the negated errno of an operation. Returns 0, or the errno of opening the queue.
int fuzzed_queue(void *memory, size_t size, const uint8_t *operations, size_t count, int64_t *outcomes);

/// Counts the messages in a queue with ipc_queue.h and a deadline. Returns 0, or errno.
int fuzzed_queue_until(void *memory, size_t size, int64_t seconds, int64_t nanoseconds);

/// Returns the ID of this thread in the form that a lock word contains.
uint32_t fuzzed_thread(void);

/// Opens one end of the ring in `memory` with ipc_ring.h, and sends or receives FUZZED_ROUNDS times without
/// waiting. Each outcome is the result or the negated errno of a transfer. Each receive stores into the next
/// FUZZED_MESSAGE bytes of `bytes`. Returns 0, or the errno of opening the ring.
int fuzzed_ring(void *memory, size_t size, uint32_t content, int role, int64_t *outcomes, uint8_t *bytes);

/// Creates a ring in `memory`, and transfers an empty record through it, with NULL for both buffers. Returns
/// the length of the record, or -1.
int fuzzed_ring_of_nothing(void *memory, size_t size);

/// Sends the messages that `bytes` contains consecutively with ipc_channel.h. `*error` is errno, or 0.
/// Returns the number of messages sent.
size_t fuzzed_channel_send(int out, uint32_t limit, const uint32_t *lengths, size_t count,
                           const uint8_t *bytes, int *error);

/// Returns the value of `key` in a command line, parsed as the sandbox init does.
const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length);

/// Encodes a value as the sandbox init does. Returns the length, or 0 if `out` is too small.
size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *out, size_t room);

/// Calls `run` with one input after another. This function is part of libFuzzer, which only `make fuzz`
/// links.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t length));
