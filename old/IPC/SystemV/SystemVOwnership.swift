internal import CIPC
public import SystemPackage

/// Whose a System V object is, and who may use it.
///
/// Its owner can give it away, its creator remains; both may change and remove it. The permissions are as whoever created
/// it asked, whatever the umask, and those for execution mean nothing.
///
/// The `struct ipc_perm` of `sysvipc(7)`.
public struct SystemVOwnership: Hashable, Sendable {
  public let user: UInt32
  public let group: UInt32
  public let creatorUser: UInt32
  public let creatorGroup: UInt32
  public let permissions: FilePermissions

  init(_ ownership: cipc_ipc_ownership) {
    user = ownership.user
    group = ownership.group
    creatorUser = ownership.creator_user
    creatorGroup = ownership.creator_group
    permissions = FilePermissions(rawValue: ownership.mode & 0o777)
  }
}

extension FilePermissions {
  /// As they stand in the flags of `shmget(2)` and `semget(2)`, beside which other bits have other meanings.
  var systemVFlags: Int32 { Int32(rawValue & 0o777) }
}
