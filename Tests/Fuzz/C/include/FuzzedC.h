// The C that is given bytes which nobody vouches for, in a form that Swift can call.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Receives by ipc_channel.h until it fails or the input ends: the lengths of the messages, and their bytes
/// one behind the other. `*error` is errno, or 0 at the end. Returns how many messages there were.
size_t fuzzed_channel(int in, uint32_t limit, uint32_t *lengths, size_t most, uint8_t *bytes, int *error);

/// What can be done with a queue.
enum fuzzed_operation { FUZZED_SEND, FUZZED_RECEIVE, FUZZED_SELECT, FUZZED_STATUS, FUZZED_CLOSE };
/// For how many bytes a receiver of a queue has room; how many a message through a ring has; how often.
enum { FUZZED_ROOM = 64, FUZZED_MESSAGE = 20, FUZZED_ROUNDS = 5 };

/// Opens the queue that lies in `memory` by ipc_queue.h, and performs operations without waiting. What comes
/// of each is its result, or errno below zero. Returns 0, or the errno of opening it.
int fuzzed_queue(void *memory, size_t size, const uint8_t *operations, size_t count, int64_t *outcomes);

/// Asks by ipc_queue.h how many messages are in a queue, until a deadline. Returns 0, or errno.
int fuzzed_queue_until(void *memory, size_t size, int64_t seconds, int64_t nanoseconds);

/// The number by which a lock would know this thread.
uint32_t fuzzed_thread(void);

/// Opens one end of the ring that lies in `memory` by ipc_ring.h, and sends or receives FUZZED_ROUNDS times
/// without waiting. What comes of each is its result, or errno below zero; what is received goes to `bytes`,
/// each with FUZZED_MESSAGE of them. Returns 0, or the errno of opening it.
int fuzzed_ring(void *memory, size_t size, uint32_t content, int role, int64_t *outcomes, uint8_t *bytes);

/// Sends a record of no bytes through a ring that it makes in `memory`, from NULL to NULL. Returns its
/// length, or -1.
int fuzzed_ring_of_nothing(void *memory, size_t size);

/// Sends the messages of `lengths`, one behind the other in `bytes`, by ipc_channel.h. `*error` is errno, or
/// 0. Returns how many were sent.
size_t fuzzed_channel_send(int out, uint32_t limit, const uint32_t *lengths, size_t count,
                           const uint8_t *bytes, int *error);

/// The value of `key` in a line to the sandbox init.
const uint8_t *fuzzed_field(const uint8_t *line, const uint8_t *key, size_t *length);

/// A value as the sandbox init writes it.
size_t fuzzed_encode(const uint8_t *bytes, size_t length, uint8_t *out, size_t room);

/// libFuzzer's, which only the program of `make fuzz` is linked with: calls `run` with one input after the
/// other.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *bytes, size_t length));
