internal import Synchronization
internal import SystemPackage

extension SharedQueue {
  /// Says that no more messages will be sent, by anybody. Receivers get those that are there and then
  /// ``ReceiveResult/ended``; senders get ``SendResult/closed``, also those who wait.
  ///
  /// - Throws: ``IPCError`` with `.deadlock` when this thread is in the middle of another operation.
  public func close() throws(IPCError) {
    _ = try lock()
    readable.tell()
    writable.tell()
    unsafe word(Layout.closed).pointee.store(1, ordering: .releasing)
    unlock()
  }

  /// What a queue is like at one moment, which has passed when it is looked at.
  public struct Status: Hashable, Sendable {
    /// How many messages wait.
    public let messages: Int
    public let isClosed: Bool
    /// How often somebody died in the middle of an operation.
    public let recoveries: UInt32
  }

  /// What the queue is like.
  ///
  /// - Throws: ``IPCError`` with `EBADMSG` when somebody wrote nonsense into the queue.
  public func status() throws(IPCError) -> Status {
    _ = try lock()
    defer { unlock() }
    return Status(
      messages: try messageCount(), isClosed: isClosed,
      recoveries: unsafe word(Layout.recoveries).pointee.load(ordering: .relaxed))
  }
}
