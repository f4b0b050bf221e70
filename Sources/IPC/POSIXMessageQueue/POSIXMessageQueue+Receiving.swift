internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue {
  /// What came of receiving.
  public enum ReceiveOutcome: Hashable, Sendable {
    case received(Message)
    /// The queue is empty, and either the patience was ``Patience/none`` or the queue is non-blocking.
    case wouldBlock
    /// The queue was empty until the deadline.
    case timedOut
  }

  /// What is known of a message beside its bytes.
  public struct Message: Hashable, Sendable {
    /// How many bytes it has.
    public let length: Int
    public let priority: UInt32
  }
}

extension POSIXMessageQueue.End where Use: POSIXMessageQueue.Receiving {
  /// Receives the oldest message of the highest priority, and waits for one.
  ///
  /// Nothing is allocated. ``withBuffer(_:)`` makes room once for any number of messages.
  ///
  /// - Parameter buffer: Where the message is appended. Its free capacity must be at least
  ///   ``POSIXMessageQueue/Attributes/messageSize``, however short the messages are that it is meant for.
  /// - Throws: ``IPCError`` with `.messageTooLong` when the buffer has less room than that; the message stays in the
  ///   queue.
  ///
  /// Calls `mq_receive(3)`, or `mq_timedreceive(3)`.
  public func receive(
    into buffer: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> POSIXMessageQueue.ReceiveOutcome {
    let queue = owned.descriptor.rawValue
    return try unsafe buffer.withUnsafeMutableBytes { bytes, filled throws(IPCError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
      var priority: UInt32 = 0
      let result = Self.attempt(patience, interruption) { deadline in
        guard let deadline else { return unsafe cipc_mq_receive(queue, room.baseAddress, room.count, &priority) }
        return unsafe cipc_mq_timedreceive(
          queue, room.baseAddress, room.count, &priority, Int64(deadline.tv_sec), deadline.tv_nsec)
      }
      switch result {
      case .success(let length):
        filled += length
        return .received(POSIXMessageQueue.Message(length: length, priority: priority))
      case .failure(.wouldBlock): return .wouldBlock
      case .failure(.timedOut): return patience == .none ? .wouldBlock : .timedOut
      case .failure(let reason): throw IPCError(call: "mq_receive", errno: reason, object: object)
      }
    }
  }
}
