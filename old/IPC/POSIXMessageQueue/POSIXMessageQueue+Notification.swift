internal import CIPC
internal import SystemPackage

extension POSIXMessageQueue {
  /// How a process learns that a message has come into an empty queue.
  public enum Notification: Hashable, Sendable {
    /// A signal with this number is sent to the process, with `si_code` `SI_MESGQ`, and with the value for
    /// `sigwaitinfo(2)` or a handler that asks for it.
    case signal(Int32, value: Int32 = 0)
    /// Nothing happens, yet the registration keeps others from registering: `SIGEV_NONE`.
    case silent
  }
}

extension POSIXMessageQueue.End {
  /// Registers this process to be told, once, when a message comes into the empty queue.
  ///
  /// A message for which somebody already waits in a receive call goes to them, and nobody is told. After it was told, a
  /// process that wants to be told again registers again, *before* it empties the queue, or it misses what comes in
  /// between. To wait for several queues, or for other things too, ask ``Readiness`` of the ``descriptor`` instead.
  ///
  /// - Throws: ``IPCError`` with `.resourceBusy` when a process is registered, this one or another, and
  ///   `.invalidArgument` for a number that is no signal.
  ///
  /// Calls `mq_notify(3)`.
  public func register(_ notification: POSIXMessageQueue.Notification) throws(IPCError) {
    let queue = owned.descriptor.rawValue
    try Kernel.call("mq_notify", on: object) {
      switch notification {
      case .signal(let number, let value): cipc_mq_notify_signal(queue, number, value)
      case .silent: cipc_mq_notify_none(queue)
      }
    }
  }

  /// Ends the registration of this process, if it has one.
  ///
  /// Calls `mq_notify(3)` with a null pointer.
  public func deregister() throws(IPCError) {
    try Kernel.call("mq_notify", on: object) { cipc_mq_notify_cancel(owned.descriptor.rawValue) }
  }
}
