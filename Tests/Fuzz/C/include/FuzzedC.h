// C code that reads bytes from an untrusted source, as functions that Swift can call.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Receives by ipc_channel.h until it fails or the input ends: stores the lengths of the messages, and their
/// bytes one after the other. `*error` is errno, or 0 at the end. Returns the number of messages.
size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error);

/// An operation on a queue.
enum fuzzed_operation { FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE };
/// The room of a receiver of a queue and the length of a message through a ring in bytes, and the number of
/// transfers through a ring.
enum { FUZZED_ROOM = 64, FUZZED_MESSAGE = 20, FUZZED_ROUNDS = 5 };

/// Opens the queue in `memory` by ipc_queue.h, and performs operations without waiting. The outcome of each
/// is its result, or its errno as a negative number. Returns 0, or the errno of opening it.
int fuzzed_queue(void *memory, size_t size, const uint8_t *operations, size_t count, int64_t *outcomes);

/// Counts the messages of a queue by ipc_queue.h, with a deadline. Returns 0, or errno.
int fuzzed_queue_until(void *memory, size_t size, int64_t seconds, int64_t nanoseconds);

/// The number of this thread in the word of a lock.
uint32_t fuzzed_thread(void);

/// Opens one end of the ring in `memory` by ipc_ring.h, and sends or receives FUZZED_ROUNDS times without
/// waiting. The outcome of each is its result, or its errno as a negative number. Each receives into the next
/// FUZZED_MESSAGE bytes of `bytes`. Returns 0, or the errno of opening it.
int fuzzed_ring(void *memory, size_t size, uint32_t content, int role, int64_t *outcomes, uint8_t *bytes);

/// Creates a ring in `memory`, and sends an empty record through it, from NULL to NULL. Returns its length,
/// or -1.
int fuzzed_ring_of_nothing(void *memory, size_t size);

/// Sends messages by ipc_channel.h, whose bytes are one after the other in `bytes`. `*error` is errno, or 0.
/// Returns the number of messages that were sent.
size_t fuzzed_channel_send(int out, uint32_t limit, const uint32_t *lengths, size_t count,
                           const uint8_t *bytes, int *error);

/// The value of `key` in a line to the sandbox init.
const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length);

/// A value as the sandbox init writes it.
size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *out, size_t room);

/// Calls `run` with one input after the other. Only the program of `make fuzz` is linked with libFuzzer.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t length));
