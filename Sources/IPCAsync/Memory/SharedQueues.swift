public import IPC

// A shared queue has no descriptor, so a background thread waits for it. A signal does not interrupt a wait for the
// queue's lock, which can take a long time if a process was stopped in the middle of an operation. Therefore, each
// attempt waits for at most one second.

extension SharedQueue.Sender {
  /// Sends a message, which can be empty; a thread waits for a free slot if necessary.
  ///
  /// - Throws: `IPCError` with `.messageTooLong` if the message is longer than `slotSize` bytes; `.brokenPipe` if the
  ///   queue is closed; `.timedOut` or, for `.immediate`, `.wouldBlock`; `.badMessage` if the queue is corrupted;
  ///   `CancellationError`. On error, nothing is sent.
  ///
  /// Calls `futex(2)`.
  public func send(_ message: RawSpan, timeout: Timeout = .never) async throws {
    try await inThread(timeout, .sliced) { (limit) throws(IPCError) in
      try send(message, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Sends the bytes of an array or a string, like ``send(_:timeout:)-(RawSpan,_)``.
  public func send(_ message: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await send(unsafe message.bytes, timeout: timeout)
  }
}

extension SharedQueue.Receiver {
  /// Receives the first message, and appends it to `bytes`; a thread waits for it if necessary.
  ///
  /// - Returns: The length of the message; nil if the queue is closed and empty.
  /// - Throws: `IPCError` with `.messageTooLong` if `bytes` is too small, in which case the message stays in the queue;
  ///   `.timedOut` or, for `.immediate`, `.wouldBlock`; `.badMessage` if the queue is corrupted; `CancellationError`,
  ///   in which case no message is lost.
  ///
  /// Calls `futex(2)`.
  public func receive(into bytes: inout OutputRawSpan, timeout: Timeout = .never) async throws -> Int? {
    try await inThread(timeout, .sliced) { (limit) throws(IPCError) in
      try receive(into: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Receives the first message, and appends it to an array, like ``receive(into:timeout:)``.
  public func receive(appendingTo bytes: inout [UInt8], timeout: Timeout = .never) async throws -> Int? {
    try await inThread(timeout, .sliced) { (limit) throws(IPCError) in
      try receive(appendingTo: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }

  /// Returns a sequence of the queue's messages, which ends when the queue is closed and empty.
  public func messages() -> AsyncHandleSequence<[UInt8]> {
    AsyncHandleSequence {
      var bytes: [UInt8] = []
      return try await receive(appendingTo: &bytes) == nil ? nil : bytes.trimmed
    }
  }
}

extension SharedQueue.Selection {
  /// Receives from the first queue that has a message, and appends the message to `bytes`; a thread waits for one if
  /// necessary.
  ///
  /// - Returns: The message; nil if all queues are closed and empty.
  /// - Throws: Any error from ``IPC/SharedQueue/Receiver/receive(into:timeout:)``.
  ///
  /// Calls `futex_waitv(2)`.
  public mutating func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never
  ) async throws -> Received? {
    try await inThread(timeout, .sliced) { (limit) throws(IPCError) in
      try receive(into: &bytes, timeout: limit, retryOnInterrupt: false)
    }
  }
}
