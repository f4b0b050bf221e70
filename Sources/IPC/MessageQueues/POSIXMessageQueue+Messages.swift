internal import CIPC
public import SystemPackage

extension POSIXMessageQueue {
  /// The length and priority of a message that was received.
  @frozen
  public struct ReceivedMessage: Hashable, Sendable {
    /// In bytes.
    public let length: Int
    public let priority: UInt32
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  /// Sends a message, and waits for room in the queue.
  ///
  /// - Parameters:
  ///   - message: The bytes; there may be none.
  ///   - priority: 0 to ``POSIXMessageQueue/maximumPriority``. Messages of higher priority arrive first.
  /// - Throws: ``IPCError`` with `.timedOut`; `.wouldBlock` for ``Timeout/immediate``, or if the queue is non-blocking;
  ///   `.messageTooLong` for more bytes than the maximum of ``attributes``; `.invalidArgument` for a priority that is
  ///   too high; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `mq_send(3)` or `mq_timedsend(3)`.
  @inlinable
  public func send(
    _ message: RawSpan, priority: UInt32 = 0, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try POSIXMessageQueue.send(owned.descriptor, object, message, priority, timeout, retryOnInterrupt)
  }

  /// Sends the bytes of an array or a string, like ``send(_:priority:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, priority: UInt32 = 0, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try POSIXMessageQueue.send(
      owned.descriptor, object, unsafe message.bytes, priority, timeout, retryOnInterrupt)
  }

  /// Sends a message if there is room for it, without waiting.
  ///
  /// - Returns: Whether the message was sent.
  public func trySend(_ message: RawSpan, priority: UInt32 = 0) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in
      try send(message, priority: priority, timeout: .immediate)
    } != nil
  }

  /// Sends the bytes of an array or a string, like ``trySend(_:priority:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, priority: UInt32 = 0) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, priority: priority)
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.ReceiveAccess {
  /// Receives the oldest message of the highest priority, waits for one if necessary, and appends it to `bytes`.
  ///
  /// - Parameter bytes: There must be room for the longest message of the queue (``attributes``), however short the
  ///   message is.
  /// - Throws: ``IPCError`` with `.timedOut`; `.wouldBlock` for ``Timeout/immediate``, or if the queue is non-blocking;
  ///   `.messageTooLong` if there is not enough room, and the message stays in the queue; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `mq_receive(3)` or `mq_timedreceive(3)`.
  @inlinable
  public func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage {
    try POSIXMessageQueue.receive(owned.descriptor, object, &bytes, timeout, retryOnInterrupt)
  }

  /// Receives the oldest message of the highest priority, waits for one if necessary, and appends it to an array, which
  /// is reallocated only if its capacity is too small.
  ///
  /// Like ``receive(into:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameter maxLength: The number of bytes to make room for; nil for the longest message of the queue.
  @inlinable
  public func receive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage {
    try bytes.append(maxLength: maxLength ?? attributes.maximumMessageSize) { (span) throws(IPCError) in
      try POSIXMessageQueue.receive(owned.descriptor, object, &span, timeout, retryOnInterrupt)
    }
  }

  /// Receives a message that is there, without waiting, and appends it to `bytes`.
  ///
  /// - Returns: nil if there is none.
  public func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in try receive(into: &bytes, timeout: .immediate) }
  }

  /// Receives a message that is there, without waiting, and appends it to an array.
  ///
  /// - Returns: nil if there is none.
  public func tryReceive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8]
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .immediate)
    }
  }
}

// Not generic, so that other modules need no specialization.
extension POSIXMessageQueue {
  @usableFromInline
  static func send(
    _ descriptor: FileDescriptor, _ object: IPCError.Object, _ message: RawSpan, _ priority: UInt32,
    _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let queue = descriptor.rawValue
    try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      if timeout.isNever {
        while unsafe cipc_mq_send(queue, bytes.baseAddress, bytes.count, priority) == -1 {
          try recover(.mqSend, object, timeout, retryOnInterrupt)
        }
        return
      }
      while true {
        let deadline = timeout.timeOfDay
        if unsafe cipc_mq_timedsend(
          queue, bytes.baseAddress, bytes.count, priority, deadline.seconds, deadline.nanoseconds) == 0
        {
          return
        }
        try recover(.mqTimedSend, object, timeout, retryOnInterrupt)
      }
    }
  }

  @usableFromInline
  static func receive(
    _ descriptor: FileDescriptor, _ object: IPCError.Object, _ bytes: inout OutputRawSpan, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage {
    let queue = descriptor.rawValue
    return try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      let room = unsafe buffer.baseAddress.map { unsafe $0 + filled }
      var priority: UInt32 = 0
      while true {
        let length: Int
        if timeout.isNever {
          length = unsafe cipc_mq_receive(queue, room, buffer.count - filled, &priority)
        } else {
          // Calculated again in each round, because the time of day may have been set.
          let deadline = timeout.timeOfDay
          length = unsafe cipc_mq_timedreceive(
            queue, room, buffer.count - filled, &priority, deadline.seconds, deadline.nanoseconds)
        }
        if length >= 0 {
          filled += length
          return ReceivedMessage(length: length, priority: priority)
        }
        try recover(timeout.isNever ? .mqReceive : .mqTimedReceive, object, timeout, retryOnInterrupt)
      }
    }
  }

  /// Throws unless the failed call is to be repeated.
  @inline(never)
  private static func recover(
    _ call: IPCError.Call, _ object: IPCError.Object, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let reason = Syscall.lastError
    switch reason {
    case .interrupted where retryOnInterrupt:
      // Only a call that waits can be interrupted.
      if timeout.isDeadline, timeout.hasPassed { throw IPCError(call, .timedOut, on: object) }
    case .timedOut:
      // If the time of day was set forward, the deadline may not have passed.
      if timeout.isDeadline, !timeout.hasPassed { return }
      throw IPCError(call, timeout.expirationError, on: object)
    default: throw IPCError(call, reason, on: object)
    }
  }
}
