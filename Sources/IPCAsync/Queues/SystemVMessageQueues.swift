public import IPC

// `msgsnd(2)` and `msgrcv(2)` block in the kernel and take no deadline. A call that a signal interrupts has no effect.

extension SystemVMessageQueue {
  /// Sends a message; a thread waits for room in the queue if necessary.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; may be empty.
  ///   - type: The message type, by which receivers can select the message.
  ///   - timeout: How long to wait.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.invalidArgument` if the message is
  ///   longer than `/proc/sys/kernel/msgmax`, or if the queue was removed before the call; `.identifierRemoved` if the
  ///   queue is removed while the call waits; `.permissionDenied`; `CancellationError`. On error, nothing is sent.
  ///
  /// Calls `msgsnd(2)`.
  public func send(_ message: RawSpan, type: MessageType, timeout: Timeout = .never) async throws {
    try await inThread(timeout, .signalled) { (limit) throws(IPCError) in
      try send(message, type: type, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:type:timeout:)-(RawSpan,_,_)``.
  public func send(_ message: Span<UInt8>, type: MessageType, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, type: type, timeout: timeout)
  }

  /// Receives a message, and appends it to `bytes`; a thread waits for one if necessary.
  ///
  /// - Parameters:
  ///   - selection: Which message to receive; by default, the oldest one.
  ///   - bytes: The buffer to append the message to.
  ///   - truncate: Whether to truncate a message that does not fit (`MSG_NOERROR`). If false, such a message stays in
  ///     the queue.
  ///   - timeout: How long to wait.
  /// - Returns: The length of the message after truncation, and its type.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.argListTooLong` (`E2BIG`) if there is
  ///   not enough room; `.identifierRemoved` if the queue is removed while the call waits; `.invalidArgument` if the
  ///   queue was removed before the call; `.permissionDenied`; `CancellationError`, in which case no message is lost.
  ///
  /// Calls `msgrcv(2)`.
  public func receive(
    _ selection: Selection = .any, into bytes: inout OutputRawSpan, truncate: Bool = false, timeout: Timeout = .never
  ) async throws -> ReceivedMessage {
    try await inThread(timeout, .signalled) { (limit) throws(IPCError) in
      try receive(selection, into: &bytes, truncate: truncate, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Receives a message of up to `maxLength` bytes, and appends it to an array, which is reallocated only if its
  /// capacity is too small.
  ///
  /// Otherwise, this behaves like ``receive(_:into:truncate:timeout:)``.
  public func receive(
    _ selection: Selection = .any, maxLength: Int = 8192, appendingTo bytes: inout [UInt8], truncate: Bool = false,
    timeout: Timeout = .never
  ) async throws -> ReceivedMessage {
    try await inThread(timeout, .signalled) { (limit) throws(IPCError) in
      try receive(
        selection, maxLength: maxLength, appendingTo: &bytes, truncate: truncate, timeout: limit,
        retryOnInterrupt: false)
    }
  }

  /// Returns a sequence of the messages that match a selection.
  ///
  /// - Parameters:
  ///   - selection: Which messages to receive.
  ///   - maxLength: The maximum length of a message in bytes. A longer message stays in the queue, and ends the
  ///     sequence.
  /// - Returns: The sequence, which ends only with an error.
  public func messages(
    _ selection: Selection = .any, maxLength: Int = 8192
  ) -> AsyncHandleSequence<Message> {
    AsyncHandleSequence {
      var bytes: [UInt8] = []
      let message = try await receive(selection, maxLength: maxLength, appendingTo: &bytes)
      return Message(bytes: bytes.trimmed, type: message.type)
    }
  }

  /// A message and its type, as a sequence element.
  public struct Message: Hashable, Sendable {
    /// The bytes of the message; may be empty.
    public let bytes: [UInt8]
    /// The type assigned by the sender.
    public let type: MessageType
  }
}
