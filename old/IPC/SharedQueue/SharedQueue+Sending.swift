internal import SystemPackage

extension SharedQueue {
  /// What came of sending.
  public enum SendResult: Hashable, Sendable {
    case sent
    /// The queue is closed: nobody will receive it.
    case closed
    /// The queue is full, and there was no patience to wait. Or somebody who has it for a moment was stopped in it.
    case wouldBlock
    /// The same, until the deadline.
    case timedOut
  }

  /// The end of a queue that sends.
  public struct Sender: Sendable {
    package let queue: SharedQueue

    /// Sends a message, and waits for room in the queue.
    ///
    /// Nothing is allocated.
    ///
    /// - Parameter message: Its bytes; there may be none.
    /// - Throws: ``IPCError`` with `.messageTooLong` for one longer than a slot; `Errno.interrupted` where that was asked
    ///   for; `EBADMSG` when somebody wrote nonsense into the queue.
    ///
    /// Calls `futex(2)`, but only to wait and to wake.
    public func send(
      _ message: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try queue.send(message, patience, interruption)
    }

    /// Like ``send(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
    public func send(
      _ message: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try queue.send(unsafe message.bytes, patience, interruption)
    }
  }

  private func send(
    _ message: RawSpan, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> SendResult {
    guard message.byteCount <= slotSize else { throw IPCError(call: "ipc_queue_send", errno: .messageTooLong) }
    while try lock(patience) {
      if let result = try attempt(message) {
        unlock()
        return result
      }
      guard try sleep(on: writable, patience, interruption) else { break }
    }
    return patience == .none ? .wouldBlock : .timedOut
  }

  /// Nil when the queue is full: then it is still locked.
  private func attempt(_ message: RawSpan) throws(IPCError) -> SendResult? {
    let count: Int
    do throws(IPCError) { count = try messageCount() } catch {
      unlock()
      throw error
    }
    if isClosed { return .closed }
    if count == slotCount { return nil }
    place(message)
    publish()
    return .sent
  }
}
