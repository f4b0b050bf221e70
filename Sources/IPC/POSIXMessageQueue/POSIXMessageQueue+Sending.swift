internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue {
  /// What came of sending.
  public enum SendOutcome: Hashable, Sendable {
    case sent
    /// The queue is full, and either the patience was ``Patience/none`` or the queue is non-blocking.
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
  /// - Throws: ``IPCError`` with `.messageTooLong` when the message is larger than the queue's messages may be, and
  ///   `.invalidArgument` for a priority that is none.
  ///
  /// Calls `mq_send(3)`, or `mq_timedsend(3)`.
  public func send(
    _ message: RawSpan, priority: UInt32 = 0, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.SendOutcome {
    let queue = owned.descriptor.rawValue
    return try unsafe message.withUnsafeBytes { bytes throws(IPCError) in
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
      case .failure(let reason): throw IPCError(call: "mq_send", errno: reason, object: object)
      }
    }
  }
}
