internal import CIPC
public import SystemPackage

extension SystemVSemaphores {
  /// How a set is at one moment.
  ///
  /// The `struct semid_ds` of `semctl(2)`.
  public struct Status: Hashable, Sendable {
    public let ownership: SystemVOwnership
    /// How many semaphores the set has.
    public let count: Int
    /// Whether operations were ever performed on the set, by which its creator says that the values are set:
    /// `sem_otime` is not 0.
    public let isInitialized: Bool
  }

  /// Asks the kernel how the set is.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` for who may not read it; `.invalidArgument` or `.identifierRemoved`
  ///   when it is gone.
  ///
  /// Calls `semctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    var status = cipc_sem_status()
    try Kernel.call("semctl", on: object) { unsafe cipc_sem_stat(identifier, &status) }
    return Status(
      ownership: SystemVOwnership(status.ownership), count: status.count, isInitialized: status.last_operation != 0)
  }

  /// Changes who owns the set, and what it permits. What is nil stays; to learn what that
  /// is, the kernel is asked first, so another's change in between is undone.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator.
  ///
  /// Calls `semctl(2)` with `IPC_SET`.
  public func change(
    user: UInt32? = nil, group: UInt32? = nil, permissions: FilePermissions? = nil
  ) throws(IPCError) {
    // Who may change it need not be permitted to read it.
    let isWhole = user != nil && group != nil && permissions != nil
    let present = isWhole ? SystemVOwnership(cipc_ipc_ownership()) : try status().ownership
    try Kernel.call("semctl", on: object) {
      cipc_sem_set(
        identifier, user ?? present.user, group ?? present.group, (permissions ?? present.permissions).rawValue)
    }
  }
}
