internal import CIPC
internal import SystemPackage

extension SharedQueue {
  /// What came of receiving from one of several queues.
  public enum SelectResult: Hashable, Sendable {
    /// A message of so many bytes, of the queue with this index.
    case received(length: Int, from: Int)
    /// All queues are empty and closed.
    case ended
    /// All are empty, and there was no patience to wait. Or somebody who has one for a moment was stopped in it.
    case wouldBlock
    /// The same, until the deadline.
    case timedOut
  }

  /// Several queues, of which whichever has a message first is received from.
  ///
  /// ```swift
  /// var selection = try SharedQueue.Selection(of: [urgent.receiver, bulk.receiver])
  /// while case .received(let length, let index) = try selection.receive(into: &buffer) { ... }
  /// ```
  ///
  /// Each has its turn: looked at first is the one behind that of the last message. The queues may lie in different
  /// memory, and know nothing of each other. One that has ended is passed over.
  public struct Selection: Sendable {
    public let receivers: [Receiver]

    /// The most queues that one selection can have.
    public static let limit = Int(CIPC_FUTEX_MOST)

    private var last: Int
    // Room for as many as may be waited for, made once.
    private var waiters: [cipc_futex_waiter] = []

    /// - Throws: ``IPCError`` with `.invalidArgument` for none, or more than ``limit``.
    public init(of receivers: [Receiver]) throws(IPCError) {
      guard (1...Self.limit).contains(receivers.count) else {
        throw IPCError(call: "ipc_queue_select", errno: .invalidArgument)
      }
      self.receivers = receivers
      last = receivers.count - 1
      waiters.reserveCapacity(receivers.count)
    }

    /// Receives from whichever queue has a message, and waits while none has. Nothing is allocated.
    ///
    /// - Parameter bytes: Where the message is appended.
    /// - Throws: ``IPCError`` as ``Receiver/receive(into:patience:interruption:)`` does.
    ///
    /// Calls `futex_waitv(2)`, but only to wait.
    public mutating func receive(
      into bytes: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SelectResult {
      while true {
        let result = try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
          try unsafe look(into: buffer, filled: &count, patience)
        }
        if let result { return result }
        switch patience {
        case .none: return .wouldBlock
        case .forever: _ = try QueueEvent.wait(forAnyOf: waiters, until: nil, interruption)
        case .until(let deadline):
          guard try QueueEvent.wait(forAnyOf: waiters, until: deadline, interruption) else { return .timedOut }
        }
      }
    }

    /// Looks at each queue once, and notes what to wait for. Nil when that is to be done.
    private mutating func look(
      into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ patience: Patience
    ) throws(IPCError) -> SelectResult? {
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      waiters.removeAll(keepingCapacity: true)
      let first = last
      for turn in 1...receivers.count {
        last = (first + turn) % receivers.count
        let queue = receivers[last].queue
        guard try queue.lock(patience) else { return patience == .none ? .wouldBlock : .timedOut }
        switch try unsafe queue.take(into: room) {
        case .received(let length):
          queue.unlock()
          count += length
          return .received(length: length, from: last)
        case nil:
          waiters.append(queue.readable.waiter)
          queue.unlock()
        default: queue.unlock()
        }
      }
      return waiters.isEmpty ? .ended : nil
    }
  }
}

extension QueueEvent {
  /// What to wait for, as announced.
  var waiter: cipc_futex_waiter { unsafe cipc_futex_waiter(word, announce()) }

  /// Sleeps until one of several events is told. False when the deadline has passed.
  static func wait(
    forAnyOf waiters: [cipc_futex_waiter], until deadline: Deadline?, _ interruption: Interruption
  ) throws(IPCError) -> Bool {
    let nanoseconds = deadline.map { max(0, $0.nanoseconds) } ?? -1
    let result = Kernel.attempt(interruption) {
      unsafe cipc_futex_wait_any(waiters, UInt32(waiters.count), nanoseconds)
    }
    switch result {
    // The word had changed already.
    case .success, .failure(.wouldBlock): return true
    case .failure(.timedOut): return false
    case .failure(let reason): throw IPCError(call: "futex_waitv", errno: reason)
    }
  }
}
