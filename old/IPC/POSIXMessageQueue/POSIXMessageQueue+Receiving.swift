internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue {
  /// What came of receiving.
  public enum ReceiveResult: Hashable, Sendable {
    /// A message of so many bytes.
    case received(length: Int, priority: UInt32)
    /// The queue is empty, and either there was no patience to wait, or it is non-blocking.
    case wouldBlock
    /// The queue was empty until the deadline.
    case timedOut
  }
}

extension POSIXMessageQueue.End where Use: POSIXMessageQueue.Receiving {
  /// Receives the oldest message of the highest priority, and waits for one.
  ///
  /// Nothing is allocated.
  ///
  /// - Parameter bytes: Where the message is appended. There must be room for a message of the largest size, however short
  ///   those are that it is meant for: see ``attributes``.
  /// - Throws: ``IPCError`` with `.messageTooLong` when there is less room; the message stays in the queue. With
  ///   `Errno.interrupted` where that was asked for.
  ///
  /// Calls `mq_receive(3)`, or `mq_timedreceive(3)`.
  public func receive(
    into bytes: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.ReceiveResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, patience, interruption)
    }
  }

  /// Receives the oldest message of the highest priority, and appends it to an array. One that has the room is not
  /// reallocated.
  ///
  /// Like ``receive(into:patience:interruption:)``.
  ///
  /// - Parameter room: For how many bytes to make room; nil for a message of the largest size.
  public func receive(
    room: Int? = nil, appendingTo bytes: inout [UInt8], patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.ReceiveResult {
    try unsafe bytes.append(room: room ?? attributes.messageSize) { (buffer, count) throws(IPCError) in
      try unsafe receive(into: buffer, filled: &count, patience, interruption)
    }
  }

  private func receive(
    into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> POSIXMessageQueue.ReceiveResult {
    let queue = owned.descriptor.rawValue
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    var priority: UInt32 = 0
    let result = Self.attempt(patience, interruption) { deadline in
      guard let deadline else { return unsafe cipc_mq_receive(queue, room.baseAddress, room.count, &priority) }
      return unsafe cipc_mq_timedreceive(
        queue, room.baseAddress, room.count, &priority, Int64(deadline.tv_sec), deadline.tv_nsec)
    }
    switch result {
    case .success(let length):
      count += length
      return .received(length: length, priority: priority)
    case .failure(.wouldBlock): return .wouldBlock
    case .failure(.timedOut): return patience == .none ? .wouldBlock : .timedOut
    case .failure(let reason):
      throw IPCError(call: patience == .forever ? "mq_receive" : "mq_timedreceive", errno: reason, object: object)
    }
  }
}
