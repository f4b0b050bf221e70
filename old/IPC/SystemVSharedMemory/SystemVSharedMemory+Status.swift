internal import CIPC
internal import Glibc
public import SystemPackage

extension SystemVSharedMemory {
  /// How a segment is at one moment.
  ///
  /// The `struct shmid_ds` of `shmctl(2)`.
  public struct Status: Hashable, Sendable {
    public let ownership: SystemVOwnership
    /// In bytes.
    public let size: Int
    /// How often the segment is attached, by all processes together.
    public let attachments: Int
    /// The process that made it.
    public let creator: Int32
    /// The process that attached or detached it last; 0 when none has.
    public let lastUser: Int32
    /// Whether it was removed, and goes when the last one detaches.
    public let isRemoved: Bool
  }

  /// Asks the kernel how the segment is.
  ///
  /// - Throws: ``IPCError`` with `.permissionDenied` for who may not read it; `.invalidArgument` or `.identifierRemoved`
  ///   when it is gone.
  ///
  /// Calls `shmctl(2)` with `IPC_STAT`.
  public func status() throws(IPCError) -> Status {
    var status = cipc_shm_status()
    try Kernel.call("shmctl", on: object) { unsafe cipc_shm_stat(identifier, &status) }
    return Status(
      ownership: SystemVOwnership(status.ownership), size: status.size, attachments: Int(status.attachments),
      creator: status.creator, lastUser: status.last,
      isRemoved: Int32(bitPattern: status.ownership.mode) & SHM_DEST != 0)
  }

  /// Changes who owns the segment, and what it permits. What is nil stays; to learn what that
  /// is, the kernel is asked first, so another's change in between is undone.
  ///
  /// - Throws: ``IPCError`` with `.notPermitted` for who is neither owner nor creator.
  ///
  /// Calls `shmctl(2)` with `IPC_SET`.
  public func change(
    user: UInt32? = nil, group: UInt32? = nil, permissions: FilePermissions? = nil
  ) throws(IPCError) {
    // Who may change it need not be permitted to read it.
    let isWhole = user != nil && group != nil && permissions != nil
    let present = isWhole ? SystemVOwnership(cipc_ipc_ownership()) : try status().ownership
    try Kernel.call("shmctl", on: object) {
      cipc_shm_set(
        identifier, user ?? present.user, group ?? present.group, (permissions ?? present.permissions).rawValue)
    }
  }
}
