internal import SystemPackage

extension SharedQueue {
  /// What came of receiving.
  public enum ReceiveResult: Hashable, Sendable {
    /// A message of so many bytes.
    case received(length: Int)
    /// The queue is empty and closed: no message will come.
    case ended
    /// The queue is empty, and there was no patience to wait. Or somebody who has it for a moment was stopped in it.
    case wouldBlock
    /// The same, until the deadline.
    case timedOut
  }

  /// The end of a queue that receives.
  public struct Receiver: Sendable {
    package let queue: SharedQueue

    /// The length of the longest message, in bytes.
    public var slotSize: Int { queue.slotSize }

    /// Receives the first message, and waits for one.
    ///
    /// Nothing is allocated.
    ///
    /// - Parameter bytes: Where the message is appended.
    /// - Throws: ``IPCError`` with `.messageTooLong` when there is less room than it needs; it stays in the queue then.
    ///   With `Errno.interrupted` where that was asked for; `EBADMSG` when somebody wrote nonsense into the queue.
    ///
    /// Calls `futex(2)`, but only to wait and to wake.
    public func receive(
      into bytes: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> ReceiveResult {
      try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
        try unsafe receive(into: buffer, filled: &count, patience, interruption)
      }
    }

    /// Receives the first message, and appends it to an array. One that has room for the longest is not reallocated.
    ///
    /// Like ``receive(into:patience:interruption:)``.
    public func receive(
      appendingTo bytes: inout [UInt8], patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> ReceiveResult {
      try unsafe bytes.append(room: queue.slotSize) { (buffer, count) throws(IPCError) in
        try unsafe receive(into: buffer, filled: &count, patience, interruption)
      }
    }

    private func receive(
      into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ patience: Patience,
      _ interruption: Interruption
    ) throws(IPCError) -> ReceiveResult {
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      while try queue.lock(patience) {
        if let result = try unsafe queue.take(into: room) {
          queue.unlock()
          if case .received(let length) = result { count += length }
          return result
        }
        guard try queue.sleep(on: queue.readable, patience, interruption) else { break }
      }
      return patience == .none ? .wouldBlock : .timedOut
    }
  }

  /// Takes the first message out of the queue, which is locked, and is unlocked only by an error. Nil when there is none.
  func take(into room: UnsafeMutableRawBufferPointer) throws(IPCError) -> ReceiveResult? {
    do throws(IPCError) {
      guard let length = try unsafe peek(into: room) else { return isClosed ? .ended : nil }
      consume()
      return .received(length: length)
    } catch {
      unlock()
      throw error
    }
  }
}
