public import IPC

// `msgsnd(2)` and `msgrcv(2)` wait in the kernel, and take no deadline. If a signal ends such a call, the call has had
// no effect.

extension SystemVMessageQueue {
  /// Sends a message; a thread waits for room in the queue if necessary.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; can be empty.
  ///   - type: The type of the message, by which receivers can select it.
  ///   - timeout: How long to wait.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.invalidArgument` for a message longer
  ///   than `/proc/sys/kernel/msgmax`, or if the queue was removed before the call; `.identifierRemoved` if it is
  ///   removed while the call waits; `.permissionDenied`; `CancellationError`. After an error, nothing was sent.
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
  ///   - selection: Which message to receive; by default, the one that was sent first.
  ///   - bytes: The buffer that the message is appended to.
  ///   - truncate: Whether to truncate a message for which there is not enough room (`MSG_NOERROR`). If not, it stays
  ///     in the queue.
  ///   - timeout: How long to wait.
  /// - Returns: The length of the message after truncation, and its type.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.argListTooLong` (`E2BIG`) if there is
  ///   not enough room; `.identifierRemoved` if the queue is removed while the call waits, `.invalidArgument` if it was
  ///   removed before the call; `.permissionDenied`; `CancellationError`, after which no message is lost.
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
  /// Otherwise it behaves like ``receive(_:into:truncate:timeout:)``.
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

  /// Returns the selected messages that arrive.
  ///
  /// - Parameters:
  ///   - selection: Which messages to receive.
  ///   - maxLength: The maximum length of a message in bytes. A longer one stays in the queue, and ends the sequence.
  /// - Returns: The sequence, which ends only with an error.
  public func messages(
    _ selection: Selection = .any, maxLength: Int = 8192
  ) -> AsyncHandleSequence<Message> {
    AsyncHandleSequence {
      var bytes: [UInt8] = []
      let message = try await receive(selection, maxLength: maxLength, appendingTo: &bytes)
      return Message(bytes: bytes, type: message.type)
    }
  }

  /// A message with its bytes, as an element of a sequence.
  public struct Message: Hashable, Sendable {
    /// The bytes of the message; can be empty.
    public let bytes: [UInt8]
    /// The type that the sender gave the message.
    public let type: MessageType
  }
}
