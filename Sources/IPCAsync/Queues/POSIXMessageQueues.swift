public import IPC

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  /// Sends a message, waiting for room if necessary, even if the queue is nonblocking.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; may be empty.
  ///   - priority: 0 to `POSIXMessageQueue.maximumPriority`. Higher-priority messages arrive first.
  ///   - timeout: How long to wait for room.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong` if the message
  ///   exceeds the maximum length in `attributes`; `.invalidArgument` if the priority is too high; `CancellationError`.
  ///   On error, nothing is sent.
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
  /// Receives the oldest message with the highest priority, waiting for one if necessary, and appends it to `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: The buffer, which must have room for the longest message that the queue allows, even if the message is
  ///     short.
  ///   - timeout: How long to wait for a message.
  /// - Returns: The length and priority of the message.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.messageTooLong` if there is not
  ///   enough room, in which case the message stays in the queue; `CancellationError`, in which case no message is
  ///   lost.
  ///
  /// Calls `mq_timedreceive(3)`.
  public func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never
  ) async throws -> POSIXMessageQueue.ReceivedMessage {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(into: &bytes, timeout: .immediate)
    }
  }

  /// Receives the oldest message with the highest priority, waiting for one if necessary, and appends it to an array,
  /// which is reallocated only if its capacity is too small.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum length of the message in bytes; nil for the maximum length that the queue allows.
  ///   - bytes: The array to append the message to.
  ///   - timeout: How long to wait for a message.
  /// - Returns: The length and priority of the message.
  /// - Throws: Any error from ``receive(into:timeout:)``.
  public func receive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> POSIXMessageQueue.ReceivedMessage {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .immediate)
    }
  }

  /// Returns a sequence of the queue's messages, highest priority first.
  public consuming func messages() -> AsyncHandleSequence<POSIXMessageQueue.Message> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      let message = try await box.handle.receive(appendingTo: &box.bytes)
      return POSIXMessageQueue.Message(bytes: box.bytes.trimmed, priority: message.priority)
    }
  }
}

extension POSIXMessageQueue {
  /// A message and its priority, as a sequence element.
  public struct Message: Hashable, Sendable {
    /// The bytes of the message; may be empty.
    public let bytes: [UInt8]
    /// The priority assigned by the sender.
    public let priority: UInt32
  }
}
