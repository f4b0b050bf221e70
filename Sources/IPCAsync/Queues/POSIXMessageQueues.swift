public import IPC

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  /// Sends a message, and waits for room in the queue, even if it is non-blocking.
  ///
  /// - Parameters:
  ///   - message: The bytes; can be empty.
  ///   - priority: 0 to `POSIXMessageQueue.maximumPriority`. Messages of higher priority arrive first.
  ///   - timeout: How long to wait for room.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong` for more bytes than the
  ///   maximum of `attributes`; `.invalidArgument` for a priority that is too high; `CancellationError`. After an
  ///   error, nothing was sent.
  ///
  /// Calls `mq_timedsend(3)`.
  public func send(_ message: RawSpan, priority: UInt32 = 0, timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try send(message, priority: priority, timeout: .immediate)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:priority:timeout:)-(RawSpan,_,_)``.
  public func send(_ message: Span<UInt8>, priority: UInt32 = 0, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, priority: priority, timeout: timeout)
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.ReceiveAccess {
  /// Receives the oldest message of the highest priority, waits for one if necessary, and appends it to `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: The buffer, with room for the longest message of the queue, even if the message is short.
  ///   - timeout: How long to wait for a message.
  /// - Returns: The length and priority of the message.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong` if there is not
  ///   enough room: the message stays in the queue; `CancellationError`, after which no message is lost.
  ///
  /// Calls `mq_timedreceive(3)`.
  public func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never
  ) async throws -> POSIXMessageQueue.ReceivedMessage {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, timeout: .immediate)
    }
  }

  /// Receives the oldest message of the highest priority, waits for one if necessary, and appends it to an array, which
  /// is reallocated only if its capacity is too small.
  ///
  /// - Parameters:
  ///   - maxLength: The number of bytes to make room for; nil for the longest message of the queue.
  ///   - bytes: The array that the message is appended to.
  ///   - timeout: How long to wait for a message.
  /// - Returns: The length and priority of the message.
  /// - Throws: The errors of ``receive(into:timeout:)``.
  public func receive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> POSIXMessageQueue.ReceivedMessage {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .immediate)
    }
  }

  /// Returns the messages that arrive, those of the highest priority first.
  public consuming func messages() -> AsyncHandleSequence<POSIXMessageQueue.Message> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      var bytes: [UInt8] = []
      let message = try await box.handle.receive(appendingTo: &bytes)
      return POSIXMessageQueue.Message(bytes: bytes, priority: message.priority)
    }
  }
}

extension POSIXMessageQueue {
  /// A message with its bytes, as an element of a sequence.
  public struct Message: Hashable, Sendable {
    /// The bytes of the message; can be empty.
    public let bytes: [UInt8]
    /// The priority that the sender gave the message.
    public let priority: UInt32
  }
}
