internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue {
  /// What came of sending.
  public enum SendResult: Hashable, Sendable {
    case sent
    /// The queue is full, and either there was no patience to wait, or it is non-blocking.
    case wouldBlock
    /// The queue was full until the deadline.
    case timedOut
  }
}

extension POSIXMessageQueue.End where Use: POSIXMessageQueue.Sending {
  /// Sends a message, and waits for room in the queue.
  ///
  /// Nothing is allocated.
  ///
  /// - Parameters:
  ///   - message: Its bytes; there may be none.
  ///   - priority: 0 to 32767. Higher ones arrive first.
  /// - Throws: ``IPCError`` with `.messageTooLong` for a message larger than the queue takes (see ``attributes``);
  ///   `.invalidArgument` for a priority beyond the highest; `Errno.interrupted` where that was asked for.
  ///
  /// Calls `mq_send(3)`, or `mq_timedsend(3)`.
  public func send(
    _ message: RawSpan, priority: UInt32 = 0, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.SendResult {
    let queue = owned.descriptor.rawValue
    return try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      let result = Self.attempt(patience, interruption) { deadline in
        guard let deadline else { return Int(unsafe cipc_mq_send(queue, bytes.baseAddress, bytes.count, priority)) }
        return Int(
          unsafe cipc_mq_timedsend(
            queue, bytes.baseAddress, bytes.count, priority, Int64(deadline.tv_sec), deadline.tv_nsec))
      }
      switch result {
      case .success: return .sent
      case .failure(.wouldBlock): return .wouldBlock
      case .failure(.timedOut): return patience == .none ? .wouldBlock : .timedOut
      case .failure(let reason):
        throw IPCError(call: patience == .forever ? "mq_send" : "mq_timedsend", errno: reason, object: object)
      }
    }
  }

  /// Like ``send(_:priority:patience:interruption:)-(RawSpan,_,_,_)``, for the bytes of an array or a string.
  public func send(
    _ message: Span<UInt8>, priority: UInt32 = 0, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.SendResult {
    try send(unsafe message.bytes, priority: priority, patience: patience, interruption: interruption)
  }
}
