internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension SystemVMessageQueue {
  /// The type of a message: a number of at least 1, whose meaning the programs agree on (`mtype` in `msgop(2)`).
  @frozen
  public struct MessageType: Hashable, Comparable, Sendable {
    /// The number (`long` in C), at least 1.
    public let rawValue: Int

    /// Creates a type; nil for a number below 1.
    public init?(rawValue: Int) {
      guard rawValue > 0 else { return nil }
      self.rawValue = rawValue
    }

    /// Creates a type.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` if the number is below 1, as `msgsnd(2)` would report.
    public init(validating rawValue: Int) throws(IPCError) {
      guard rawValue > 0 else { throw IPCError(.msgsnd, .invalidArgument) }
      self.rawValue = rawValue
    }

    init(received rawValue: Int) { self.rawValue = rawValue }

    /// Orders types by number, as ``SystemVMessageQueue/Selection/lowest(upTo:)`` does.
    public static func < (left: MessageType, right: MessageType) -> Bool { left.rawValue < right.rawValue }
  }

  /// A selection of messages by type; a receive call returns the oldest message that matches.
  ///
  /// `msgrcv(2)` encodes the selection in the sign of `msgtyp` and a flag.
  @frozen
  public enum Selection: Hashable, Sendable {
    /// A message of any type.
    case any
    /// A message of this type.
    case type(MessageType)
    /// A message with the lowest type in the queue, up to this type, so that types can serve as priorities.
    case lowest(upTo: MessageType)
    /// A message of any type except this one (`MSG_EXCEPT`).
    case except(MessageType)

    /// `MSG_NOERROR` and `MSG_EXCEPT`, which have the same values on all architectures.
    @inlinable static var truncateFlag: Int32 { 0o10000 }
    @inlinable static var exceptFlag: Int32 { 0o20000 }

    /// The arguments `msgtyp` and `msgflg` of `msgrcv(2)`.
    @inlinable @inline(__always)
    func arguments(truncate: Bool) -> (selector: Int, flags: Int32) {
      let flags = truncate ? Self.truncateFlag : 0
      return switch self {
      case .any: (0, flags)
      case .type(let type): (type.rawValue, flags)
      case .lowest(let type): (-type.rawValue, flags)
      case .except(let type): (type.rawValue, flags | Self.exceptFlag)
      }
    }
  }

  /// The length and type of a received message.
  @frozen
  public struct ReceivedMessage: Hashable, Sendable {
    /// The length of the message in bytes, after truncation.
    public let length: Int
    /// The type that the sender gave the message.
    public let type: MessageType
  }
}

extension SystemVMessageQueue.MessageType: ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Creates a type; a literal below 1 is a programming error.
  public init(integerLiteral value: Int) {
    precondition(value > 0, "the type of a message must be 1 or more")
    rawValue = value
  }

  /// The type in decimal.
  public var description: String { "\(rawValue)" }
}

extension SystemVMessageQueue {
  /// Sends a message, waiting for room in the queue if necessary.
  ///
  /// The kernel expects the type immediately before the bytes, so this method copies the bytes once. It does not
  /// allocate for a message of up to 8 KiB.
  ///
  /// - Parameters:
  ///   - message: The bytes of the message; can be empty.
  ///   - type: The message's type, by which receivers can select it.
  ///   - timeout: How long to wait. `msgsnd(2)` takes no deadline, so with a deadline, the method retries after pauses
  ///     of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.invalidArgument` if the
  ///   message is longer than `/proc/sys/kernel/msgmax`, or the queue was removed before the call; `.identifierRemoved`
  ///   if the queue is removed while the call waits; `.permissionDenied`; `.interrupted` if `retryOnInterrupt` is false
  ///   and a signal handler ran.
  ///
  /// Calls `msgsnd(2)`.
  @inlinable
  public func send(
    _ message: RawSpan, type: MessageType, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never && Self.attemptSend(identity.identifier, message, type.rawValue) { return }
    try sendSlowly(message, type.rawValue, timeout, retryOnInterrupt)
  }

  /// Sends the bytes in an array or a string, like ``send(_:type:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @inlinable
  public func send(
    _ message: Span<UInt8>, type: MessageType, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe message.bytes, type: type, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a message if there is room for it, without waiting.
  ///
  /// - Returns: Whether the message was sent.
  public func trySend(_ message: RawSpan, type: MessageType) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(message, type: type, timeout: .immediate) } != nil
  }

  /// Sends the bytes in an array or a string, like ``trySend(_:type:)-(RawSpan,_)``.
  public func trySend(_ message: Span<UInt8>, type: MessageType) throws(IPCError) -> Bool {
    try trySend(unsafe message.bytes, type: type)
  }

  /// Receives a message, waiting for one if necessary, and appends it to `bytes`.
  ///
  /// - Parameters:
  ///   - selection: Which message to receive; by default, the oldest.
  ///   - bytes: The buffer to append the message to.
  ///   - truncate: Whether to truncate a message that does not fit (`MSG_NOERROR`). If not, the message stays in the
  ///     queue.
  ///   - timeout: How long to wait. `msgrcv(2)` takes no deadline, so with a deadline, the method retries after pauses
  ///     of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The length of the message after truncation, and its type.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.argListTooLong` (`E2BIG`)
  ///   if there is not enough room; `.identifierRemoved` if the queue is removed while the call waits,
  ///   `.invalidArgument` if it was removed before the call; `.permissionDenied`; `.interrupted` if `retryOnInterrupt`
  ///   is false and a signal handler ran.
  ///
  /// Calls `msgrcv(2)`. This method copies the bytes once, and does not allocate if there is room for at most 8 KiB.
  @inlinable
  public func receive(
    _ selection: Selection = .any, into bytes: inout OutputRawSpan, truncate: Bool = false, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage {
    let (selector, flags) = selection.arguments(truncate: truncate)
    if timeout == .never, let message = Self.attemptReceive(identity.identifier, selector, flags, &bytes) {
      return message
    }
    return try receiveSlowly(selector, flags, &bytes, timeout, retryOnInterrupt)
  }

  /// Receives a message of up to `maxLength` bytes, and appends it to an array, which is reallocated only if its
  /// capacity is too small.
  ///
  /// Otherwise, this method behaves like ``receive(_:into:truncate:timeout:retryOnInterrupt:)``.
  ///
  /// - Parameters:
  ///   - selection: Which message to receive; by default, the oldest.
  ///   - maxLength: The number of bytes to reserve. A message has at most `/proc/sys/kernel/msgmax` bytes, by default
  ///     8192.
  ///   - bytes: The array to append the message to.
  ///   - truncate: Whether to truncate a longer message (`MSG_NOERROR`).
  ///   - timeout: How long to wait for a message.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Returns: The length of the message after truncation, and its type.
  /// - Throws: Any error from ``receive(_:into:truncate:timeout:retryOnInterrupt:)``.
  @inlinable
  public func receive(
    _ selection: Selection = .any, maxLength: Int = 8192, appendingTo bytes: inout [UInt8], truncate: Bool = false,
    timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedMessage {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try receive(
        selection, into: &span, truncate: truncate, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Receives the next message if there is one, without waiting, and appends it to `bytes`.
  ///
  /// - Returns: The message's length and type; nil if there is no message.
  public func tryReceive(
    _ selection: Selection = .any, into bytes: inout OutputRawSpan, truncate: Bool = false
  ) throws(IPCError) -> ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in
      try receive(selection, into: &bytes, truncate: truncate, timeout: .immediate)
    }
  }

  /// Receives the next message if there is one, without waiting, and appends it to an array.
  ///
  /// - Returns: The message's length and type; nil if there is no message.
  public func tryReceive(
    _ selection: Selection = .any, maxLength: Int = 8192, appendingTo bytes: inout [UInt8], truncate: Bool = false
  ) throws(IPCError) -> ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in
      try receive(selection, maxLength: maxLength, appendingTo: &bytes, truncate: truncate, timeout: .immediate)
    }
  }

  /// Appends a copy of a message to `bytes` without waiting; the message stays in the queue.
  ///
  /// - Parameters:
  ///   - position: The message's position in the queue; 0 is the oldest message.
  ///   - bytes: The buffer to append the copy to.
  /// - Returns: The message's length and type; nil if the queue has no message at this position.
  /// - Throws: ``IPCError`` with `.argListTooLong` (`E2BIG`) if there is not enough room; `.noFunction` (`ENOSYS`) if
  ///   the kernel was built without support for `MSG_COPY`.
  ///
  /// Calls `msgrcv(2)` with `MSG_COPY | IPC_NOWAIT`.
  public func copy(at position: Int, into bytes: inout OutputRawSpan) throws(IPCError) -> ReceivedMessage? {
    try nilIfWouldBlock { () throws(IPCError) in
      try receiveSlowly(position, Int32(CIPC_MSG_COPY), &bytes, .immediate, true)
    }
  }

  /// Appends a copy of a message to an array, like ``copy(at:into:)``.
  public func copy(
    at position: Int, maxLength: Int = 8192, appendingTo bytes: inout [UInt8]
  ) throws(IPCError) -> ReceivedMessage? {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in try copy(at: position, into: &span) }
  }

  /// Attempts to send once; this blocks until there is room.
  ///
  /// - Returns: Whether the attempt succeeded. If not, the reason is in `errno`.
  @usableFromInline
  static func attemptSend(_ identifier: Int32, _ message: RawSpan, _ type: Int) -> Bool {
    unsafe message.withUnsafeBytes { bytes in
      unsafe cipc_msgsnd(identifier, type, bytes.baseAddress, bytes.count, 0) == 0
    }
  }

  /// Attempts to receive once; this blocks until there is a message, unless `flags` contains `IPC_NOWAIT`.
  ///
  /// - Returns: The message's length and type; nil if the attempt failed, with the reason in `errno`.
  @usableFromInline
  static func attemptReceive(
    _ identifier: Int32, _ selector: Int, _ flags: Int32, _ bytes: inout OutputRawSpan
  ) -> ReceivedMessage? {
    unsafe bytes.withUnsafeMutableBytes { buffer, filled in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let received = unsafe cipc_msgrcv(identifier, room.baseAddress, room.count, selector, flags)
      if received.length < 0 { return nil }
      filled &+= received.length
      return ReceivedMessage(length: received.length, type: MessageType(received: received.type))
    }
  }

  /// Sends with a timeout, or after a first attempt without a timeout has failed.
  @usableFromInline @inline(never)
  func sendSlowly(
    _ message: RawSpan, _ type: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    var backoff = Backoff()
    if timeout.isNever { try recover(.msgsnd, waitingOn: .wouldBlock, timeout, retryOnInterrupt, &backoff) }
    let flags = timeout.isNever ? 0 : IPC_NOWAIT
    try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      while unsafe cipc_msgsnd(identifier, type, bytes.baseAddress, bytes.count, flags) == -1 {
        try recover(.msgsnd, waitingOn: .wouldBlock, timeout, retryOnInterrupt, &backoff)
      }
    }
  }

  /// Receives with a timeout, or after a first attempt without a timeout has failed.
  @usableFromInline @inline(never)
  func receiveSlowly(
    _ selector: Int, _ flags: Int32, _ bytes: inout OutputRawSpan, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> ReceivedMessage {
    var backoff = Backoff()
    if timeout.isNever { try recover(.msgrcv, waitingOn: .noMessage, timeout, retryOnInterrupt, &backoff) }
    let flags = timeout.isNever ? flags : flags | IPC_NOWAIT
    while true {
      if let message = Self.attemptReceive(identifier, selector, flags, &bytes) { return message }
      try recover(.msgrcv, waitingOn: .noMessage, timeout, retryOnInterrupt, &backoff)
    }
  }

  /// Waits before retrying a failed attempt, or throws if no further attempt is allowed.
  ///
  /// `reasonToWait` is the error from a call that would block.
  @inline(never)
  private func recover(
    _ call: IPCError.Call, waitingOn reasonToWait: Errno, _ timeout: Timeout, _ retryOnInterrupt: Bool,
    _ backoff: inout Backoff
  ) throws(IPCError) {
    let reason = Syscall.lastError
    // A signal handler interrupts these calls even with SA_RESTART.
    if reason == .interrupted, retryOnInterrupt { return }
    guard reason == reasonToWait, !timeout.isNever else { throw IPCError(call, reason, on: object) }
    guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
      throw IPCError(call, timeout.expirationError, on: object)
    }
  }
}
