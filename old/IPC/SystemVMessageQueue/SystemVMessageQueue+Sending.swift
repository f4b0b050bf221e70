internal import Glibc
internal import SystemPackage

extension SystemVMessageQueue {
  /// What came of sending.
  public enum SendResult: Hashable, Sendable {
    case sent
    /// The queue is full, and there was no patience to wait.
    case wouldBlock
    /// The queue was full until the deadline.
    case timedOut
  }

  /// Sends a message, and waits for room in the queue.
  ///
  /// The kernel takes a message with its type in front, so its bytes are copied once. Up to a kilobyte, nothing is
  /// allocated for that.
  ///
  /// - Parameters:
  ///   - message: Its bytes; there may be none.
  ///   - patience: The kernel has no deadline for this: until one, the queue is tried and tried again, with pauses of a
  ///     tenth of a millisecond at first and ten at last. Who waits ``Patience/forever`` is woken at once, and served first.
  /// - Throws: ``IPCError`` with `.invalidArgument` for a message larger than `/proc/sys/kernel/msgmax`, and for a queue that
  ///   was removed before; `.identifierRemoved` when it is removed meanwhile; `.permissionDenied`; `Errno.interrupted`
  ///   where that was asked for.
  ///
  /// Calls `msgsnd(2)`.
  public func send(
    _ message: RawSpan, type: MessageType, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    let result = try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      try MessageRoom.lend(for: bytes.count) { (room) throws(IPCError) in
        room.type = type.rawValue
        unsafe room.text.copyMemory(from: bytes)
        return try Self.attempt(patience, interruption, busy: .wouldBlock) { flags in
          Int(unsafe msgsnd(identifier, room.start, bytes.count, flags))
        }
      }
    }
    switch result {
    case .success: return .sent
    case .failure(.wouldBlock): return patience == .none ? .wouldBlock : .timedOut
    case .failure(let reason): throw IPCError(call: "msgsnd", errno: reason, object: object)
    }
  }

  /// Like ``send(_:type:patience:interruption:)-(RawSpan,_,_,_)``, for the bytes of an array or a string.
  public func send(
    _ message: Span<UInt8>, type: MessageType, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    try send(unsafe message.bytes, type: type, patience: patience, interruption: interruption)
  }
}
