internal import CIPC
public import SystemPackage

extension SystemVMessageQueue {
  /// How a queue is at one moment.
  ///
  /// The `struct msqid_ds` of `msgctl(2)`.
  public struct Status: Hashable, Sendable {
    public let ownership: SystemVOwnership
    /// How many messages are in the queue.
    public let messages: Int
    /// How many bytes they have together, without their types.
    public let bytes: Int
    /// How many bytes there may be, and also how many messages: `msg_qbytes`, or `Int.max` where that is more.
    public let capacity: Int
    /// The process that sent last; 0 when none has.
    public let lastSender: Int32
    /// The process that received last; 0 when none has.
    public let lastReceiver: Int32
  }

  /// Asks the kernel how the queue is.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` for who may not read it; `.invalidArgument` or `.identifierRemoved`
  ///   when it is gone.
  ///
  /// Calls `msgctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    var status = cipc_msg_status()
    try Kernel.call("msgctl", on: object) { unsafe cipc_msg_stat(identifier, &status) }
    return Status(
      ownership: SystemVOwnership(status.ownership), messages: Int(status.messages), bytes: Int(status.bytes),
      capacity: Int(clamping: status.capacity), lastSender: status.last_sender, lastReceiver: status.last_receiver)
  }

  /// Changes who owns the queue, what it permits, and how many bytes it holds. What is nil stays; to learn what that
  /// is, the kernel is asked first, so another's change in between is undone.
  ///
  /// Who waits is woken to look again: what now fits is sent, and who may not receive any more is told.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator, and for a capacity above
  ///   `/proc/sys/kernel/msgmnb` without `CAP_SYS_RESOURCE`; with `.invalidArgument` for one below 0.
  ///
  /// Calls `msgctl(2)` with `IPC_SET`.
  public func change(
    user: UInt32? = nil, group: UInt32? = nil, permissions: FilePermissions? = nil, capacity: Int? = nil
  ) throws(IPCError) {
    guard capacity ?? 0 >= 0 else { throw IPCError(call: "msgctl", errno: .invalidArgument, object: object) }
    // Who may change it need not be permitted to read it.
    var present = cipc_msg_status()
    if user == nil || group == nil || permissions == nil || capacity == nil {
      try Kernel.call("msgctl", on: object) { unsafe cipc_msg_stat(identifier, &present) }
    }
    let ownership = SystemVOwnership(present.ownership)
    let bytes = capacity.map(UInt64.init) ?? present.capacity
    try Kernel.call("msgctl", on: object) {
      cipc_msg_set(
        identifier, user ?? ownership.user, group ?? ownership.group,
        (permissions ?? ownership.permissions).rawValue, bytes)
    }
  }
}
