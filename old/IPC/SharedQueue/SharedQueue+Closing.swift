internal import Synchronization
internal import SystemPackage

extension SharedQueue {
  /// Says that no more messages will be sent, by anybody. Receivers get those that are there and then
  /// ``ReceiveResult/ended``; senders get ``SendResult/closed``, also those who wait.
  ///
  /// Waits for somebody who was stopped in the middle of an operation, as long as that takes.
  ///
  /// - Throws: ``IPCError`` with `.deadlock` when this thread is in the middle of another operation.
  public func close() throws(IPCError) { _ = try close(patience: .forever) }

  /// Like ``close()``, but does not wait for ever.
  ///
  /// - Returns: False when patience ran out: somebody who has the queue for a moment was stopped in it. It is not closed.
  public func close(patience: Patience) throws(IPCError) -> Bool {
    guard try lock(patience) else { return false }
    readable.tell()
    writable.tell()
    unsafe word(Layout.closed).pointee.store(1, ordering: .releasing)
    unlock()
    return true
  }

  /// What a queue is like at one moment, which has passed when it is looked at.
  public struct Status: Hashable, Sendable {
    /// How many messages wait.
    public let messages: Int
    public let isClosed: Bool
    /// How often somebody died in the middle of an operation.
    public let recoveries: UInt32
  }

  /// What the queue is like. Waits as ``close()`` does.
  ///
  /// - Throws: ``IPCError`` with `EBADMSG` when somebody wrote nonsense into the queue.
  public func status() throws(IPCError) -> Status {
    _ = try lock()
    return try lockedStatus()
  }

  /// Like ``status()``, but does not wait for ever. Nil when patience ran out, as in ``close(patience:)``.
  public func status(patience: Patience) throws(IPCError) -> Status? {
    guard try lock(patience) else { return nil }
    return try lockedStatus()
  }

  /// Of the queue that is locked, which it unlocks.
  private func lockedStatus() throws(IPCError) -> Status {
    defer { unlock() }
    return Status(
      messages: try messageCount(), isClosed: isClosed,
      recoveries: unsafe word(Layout.recoveries).pointee.load(ordering: .relaxed))
  }
}
