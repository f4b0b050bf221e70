import IPC
import SystemPackage

/// Calls `body` with a key that no other test uses, and removes all objects with that key afterwards.
func withKey<Value>(_ body: (SystemVKey) throws -> Value) throws -> Value {
  let key = SystemVKey(rawValue: Int32.random(in: 0x4000_0000...0x7FFF_FFFF))
  defer {
    try? SystemVSharedMemory.open(key).remove()
    try? SystemVSemaphores.open(key).remove()
    try? SystemVMessageQueue.open(key).remove()
  }
  return try body(key)
}

/// The asynchronous variant, for tests that wait for other threads or processes.
func withKey<Value>(_ body: (SystemVKey) async throws -> Value) async throws -> Value {
  let key = SystemVKey(rawValue: Int32.random(in: 0x4000_0000...0x7FFF_FFFF))
  defer {
    try? SystemVSharedMemory.open(key).remove()
    try? SystemVSemaphores.open(key).remove()
    try? SystemVMessageQueue.open(key).remove()
  }
  return try await body(key)
}

func withSegment<Value>(size: Int = 100, _ body: (SystemVSharedMemory) throws -> Value) throws -> Value {
  let segment = try SystemVSharedMemory.create(.private, size: size)
  defer { try? segment.remove() }
  return try body(segment)
}

func withSemaphores<Value>(
  _ values: [Int] = [0], _ body: (SystemVSemaphores) throws -> Value
) throws -> Value {
  let set = try SystemVSemaphores.create(.private, count: values.count)
  defer { try? set.remove() }
  try set.setAll(values)
  return try body(set)
}

/// The asynchronous variant, for tests that wait for other threads or processes.
func withSemaphores<Value>(
  _ values: [Int] = [0], _ body: (SystemVSemaphores) async throws -> Value
) async throws -> Value {
  let set = try SystemVSemaphores.create(.private, count: values.count)
  defer { try? set.remove() }
  try set.setAll(values)
  return try await body(set)
}

func withMessageQueue<Value>(capacity: Int? = nil, _ body: (SystemVMessageQueue) throws -> Value) throws -> Value {
  let queue = try SystemVMessageQueue.create(.private)
  defer { try? queue.remove() }
  if let capacity { try queue.change(capacity: capacity) }
  return try body(queue)
}

/// The asynchronous variant, for tests that wait for other threads or processes.
func withMessageQueue<Value>(
  capacity: Int? = nil, _ body: (SystemVMessageQueue) async throws -> Value
) async throws -> Value {
  let queue = try SystemVMessageQueue.create(.private)
  defer { try? queue.remove() }
  if let capacity { try queue.change(capacity: capacity) }
  return try await body(queue)
}

extension SystemVMessageQueue {
  /// Sends the bytes of an array literal.
  func send(_ message: [UInt8], type: MessageType, timeout: Timeout = .never) throws(IPCError) {
    try send(message.span, type: type, timeout: timeout)
  }

  /// The nonblocking variant.
  func trySend(_ message: [UInt8], type: MessageType) throws(IPCError) -> Bool {
    try trySend(message.span, type: type)
  }
}

extension SystemVSharedMemory.ReadWriteAttachment {
  /// Copies the bytes of an array literal into the segment.
  func copy(_ bytes: [UInt8], at offset: Int = 0) throws(IPCError) { try copy(bytes.span, at: offset) }
}
