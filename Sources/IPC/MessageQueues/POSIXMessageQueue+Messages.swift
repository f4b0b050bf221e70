internal import CIPC
public import SystemPackage

extension POSIXMessageQueue {
  /// The length and priority of a received message.
  @frozen
  public struct ReceivedMessage: Hashable, Sendable {
    /// The length of the message in bytes.
    public let length: Int
    /// The priority that the sender gave the message, from 0 to ``POSIXMessageQueue/maximumPriority``.
    public let priority: UInt32
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  /// Sends a message, waiting for room in the queue if necessary.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; can be empty.
  ///   - priority: 0 to ``POSIXMessageQueue/maximumPriority``. Messages with a higher priority arrive first.
  ///   - timeout: How long to wait for room.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut`; `.wouldBlock` for ``Timeout/immediate``, or if the queue is nonblocking;
  ///   `.messageTooLong` if the message is longer than ``attributes`` allows; `.invalidArgument` if the priority is too
  ///   high; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `mq_send(3)` or `mq_timedsend(3)`.
  @inlinable
  public func send(
    _ message: RawSpan, priority: UInt32 = 0, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never && POSIXMessageQueue.attemptSend(owned.descriptor, message, priority) { return }
    try POSIXMessageQueue.send(owned.descriptor, name, message, priority, timeout, retryOnInterrupt)
  }

  /// Sends the bytes in an array or a string, like ``send(_:priority:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, priority: UInt32 = 0, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe message.bytes, priority: priority, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a message if there is room for it, without waiting.
  ///
  /// - Returns: Whether the message was sent.
  public func trySend(_ message: RawSpan, priority: UInt32 = 0) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in
      try send(message, priority: priority, timeout: .immediate)
    } != nil
  }

  /// Sends the bytes in an array or a string, like ``trySend(_:priority:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, priority: UInt32 = 0) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, priority: priority)
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.ReceiveAccess {
  /// Receives the oldest message with the highest priority, waiting for one if necessary, and appends it to `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: The buffer, with room for the longest message that the queue allows (``attributes``), even if the
  ///     received message is short.
  ///   - timeout: How long to wait for a message.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The length and priority of the message.
  /// - Throws: ``IPCError`` with `.timedOut`; `.wouldBlock` for ``Timeout/immediate``, or if the queue is nonblocking;
  ///   `.messageTooLong` if there is not enough room (the message stays in the queue); `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `mq_receive(3)` or `mq_timedreceive(3)`.
  @inlinable
  public func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage {
    if timeout == .never, let message = POSIXMessageQueue.attemptReceive(owned.descriptor, &bytes) { return message }
    return try POSIXMessageQueue.receive(owned.descriptor, name, &bytes, timeout, retryOnInterrupt)
  }

  /// Receives the oldest message with the highest priority, waiting for one if necessary, and appends it to an array,
  /// which is reallocated only if its capacity is too small.
  ///
  /// Otherwise, this method behaves like ``receive(into:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameters:
  ///   - maxLength: The number of bytes to reserve; nil for the longest message that the queue allows.
  ///   - bytes: The array to append the message to.
  ///   - timeout: How long to wait for a message.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The length and priority of the message.
  /// - Throws: Any error from ``receive(into:timeout:retryOnInterrupt:)``.
  @inlinable
  public func receive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage {
    try bytes.append(maxLength: maxLength ?? attributes.maximumMessageSize) { (span) throws(IPCError) in
      try receive(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next message if there is one, without waiting, and appends it to `bytes`.
  ///
  /// - Returns: The message's length and priority; nil if there is no message.
  public func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in try receive(into: &bytes, timeout: .immediate) }
  }

  /// Receives the next message if there is one, without waiting, and appends it to an array.
  ///
  /// - Returns: The message's length and priority; nil if there is no message.
  public func tryReceive(
    maxLength: Int? = nil, appendingTo bytes: inout [UInt8]
  ) throws(IPCError) -> POSIXMessageQueue.ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in
      try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .immediate)
    }
  }
}

// These functions are not generic, so the compiler need not specialize them in other modules. A call without a timeout
// first calls a function with few arguments and no branches.
extension POSIXMessageQueue {
  /// Attempts to send once; this blocks until there is room.
  ///
  /// - Returns: Whether the attempt succeeded. If not, the reason is in `errno`.
  @usableFromInline
  static func attemptSend(_ descriptor: FileDescriptor, _ message: RawSpan, _ priority: UInt32) -> Bool {
    unsafe message.withUnsafeBytes { bytes in
      unsafe cipc_mq_send(descriptor.rawValue, bytes.baseAddress, bytes.count, priority) == 0
    }
  }

  /// Attempts to receive once; this blocks until there is a message.
  ///
  /// - Returns: The message's length and priority; nil if the attempt failed, with the reason in `errno`.
  @usableFromInline
  static func attemptReceive(_ descriptor: FileDescriptor, _ bytes: inout OutputRawSpan) -> ReceivedMessage? {
    unsafe bytes.withUnsafeMutableBytes { buffer, filled in
      var priority: UInt32 = 0
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let length = unsafe cipc_mq_receive(descriptor.rawValue, room.baseAddress, room.count, &priority)
      if length < 0 { return nil }
      filled &+= length
      return ReceivedMessage(length: length, priority: priority)
    }
  }

  /// Sends with a timeout, or after a first attempt without a timeout has failed.
  @usableFromInline @inline(never)
  static func send(
    _ descriptor: FileDescriptor, _ name: POSIXName?, _ message: RawSpan, _ priority: UInt32,
    _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    if timeout.isNever {
      repeat {
        try recover(.mqSend, descriptor, name, timeout, retryOnInterrupt)
      } while !attemptSend(descriptor, message, priority)
      return
    }
    try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      while true {
        // Recalculate the deadline for each attempt, because the clock may have been set.
        let deadline = timeout.timeOfDay
        if unsafe cipc_mq_timedsend(
          descriptor.rawValue, bytes.baseAddress, bytes.count, priority, deadline.seconds, deadline.nanoseconds) == 0
        {
          return
        }
        try recover(.mqTimedSend, descriptor, name, timeout, retryOnInterrupt)
      }
    }
  }

  /// Receives with a timeout, or after a first attempt without a timeout has failed.
  @usableFromInline @inline(never)
  static func receive(
    _ descriptor: FileDescriptor, _ name: POSIXName?, _ bytes: inout OutputRawSpan, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage {
    if timeout.isNever {
      while true {
        try recover(.mqReceive, descriptor, name, timeout, retryOnInterrupt)
        if let message = attemptReceive(descriptor, &bytes) { return message }
      }
    }
    return try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      var priority: UInt32 = 0
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      while true {
        let deadline = timeout.timeOfDay
        let length = unsafe cipc_mq_timedreceive(
          descriptor.rawValue, room.baseAddress, room.count, &priority, deadline.seconds, deadline.nanoseconds)
        if length >= 0 {
          filled &+= length
          return ReceivedMessage(length: length, priority: priority)
        }
        try recover(.mqTimedReceive, descriptor, name, timeout, retryOnInterrupt)
      }
    }
  }

  /// Throws the error from a failed call, unless the call must be retried.
  @inline(never)
  private static func recover(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ name: POSIXName?, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let reason = Syscall.lastError
    switch reason {
    case .interrupted where retryOnInterrupt:
      // Only a blocked call can be interrupted.
      if timeout.isDeadline, timeout.hasPassed { throw IPCError(call, .timedOut, on: object(descriptor, name)) }
    case .timedOut:
      // If the clock was set forward, the actual deadline may still be in the future.
      if timeout.isDeadline, !timeout.hasPassed { return }
      throw IPCError(call, timeout.expirationError, on: object(descriptor, name))
    default: throw IPCError(call, reason, on: object(descriptor, name))
    }
  }
}
