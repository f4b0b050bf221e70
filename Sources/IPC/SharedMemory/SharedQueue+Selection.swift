internal import CIPC
internal import SystemPackage

extension SharedQueue {
  /// Several queues, of which the first one with a message is received from.
  ///
  /// ```swift
  /// var selection = try SharedQueue.Selection(of: [urgent.receiver, bulk.receiver])
  /// while let received = try selection.receive(into: &buffer) { ... }
  /// ```
  ///
  /// Each queue has its turn: the search starts behind the queue of the last message. The queues can be in different memory.
  /// Queues that are closed and empty are skipped.
  public struct Selection: Sendable {
    public let receivers: [Receiver]

    /// The maximum number of queues in a selection.
    public static let maximumCount = Int(CIPC_FUTEX_MOST)

    /// A message that was received from one of the queues.
    public struct Received: Hashable, Sendable {
      /// The length of the message in bytes.
      public let length: Int
      /// The index of its queue in ``Selection/receivers``.
      public let index: Int
    }

    private var last: Int
    // Allocated once.
    private var waiters: [cipc_futex_waiter] = []

    /// Creates a selection.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` for no receivers, or more than ``maximumCount``.
    public init(of receivers: [Receiver]) throws(IPCError) {
      guard (1...Self.maximumCount).contains(receivers.count) else {
        throw IPCError(.sharedQueueSelect, .invalidArgument)
      }
      self.receivers = receivers
      last = receivers.count - 1
      waiters.reserveCapacity(receivers.count)
    }

    /// Receives from the first queue that has a message, and appends the message to `bytes`. Nothing is allocated.
    ///
    /// - Returns: The message; nil if all queues are closed and empty.
    /// - Throws: ``IPCError`` as ``Receiver/receive(into:timeout:retryOnInterrupt:)`` does.
    ///
    /// Calls `futex_waitv(2)` only to sleep.
    public mutating func receive(
      into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Received? {
      while true {
        if let received = try search(into: &bytes, timeout) { return received }
        if waiters.isEmpty { return nil }
        guard !timeout.isImmediate, try QueueEvent.wait(forAnyOf: waiters, timeout, retryOnInterrupt) else {
          throw IPCError(.sharedQueueSelect, timeout.expirationError)
        }
      }
    }

    /// Receives from the first queue that has a message, without waiting, and appends the message to `bytes`.
    ///
    /// - Returns: The message, or why there is none.
    public mutating func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> TryResult<Received> {
      let result = try nilIfWouldBlock { () throws(IPCError) -> TryResult<Received> in
        try receive(into: &bytes, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
      }
      return result ?? .wouldBlock
    }

    /// Looks at each queue once. If none has a message, `waiters` has what to sleep on.
    private mutating func search(into bytes: inout OutputRawSpan, _ timeout: Timeout) throws(IPCError) -> Received? {
      waiters.removeAll(keepingCapacity: true)
      let first = last
      for turn in 1...receivers.count {
        last = (first + turn) % receivers.count
        let queue = receivers[last].queue
        defer { extendLifetime(queue) }
        try queue.lock(.sharedQueueSelect, timeout)
        do throws(IPCError) {
          if let message = try unsafe queue.first() {
            if message.count > bytes.freeCapacity { throw IPCError(.sharedQueueReceive, .messageTooLong) }
            unsafe bytes.append(message)
            queue.consume()
            queue.unlock()
            return Received(length: message.count, index: last)
          }
        } catch {
          queue.unlock()
          throw error
        }
        if !queue.isClosed { waiters.append(queue.readable.waiter) }
        queue.unlock()
      }
      return nil
    }
  }
}
