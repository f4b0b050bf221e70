internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// What `shmget` and `semget` take for flags.
let creationFlags = FlagTable(["IPC_CREAT": IPC_CREAT, "IPC_EXCL": IPC_EXCL])

extension Parameters {
  /// The key: decimal, `0x…`, or `IPC_PRIVATE`.
  func key() throws -> SystemVKey {
    guard let key = SystemVKey(try text("key")) else {
      throw Invalid("key=\(try text("key")): a number or IPC_PRIVATE expected")
    }
    return key
  }

  /// What `IPC_SET` changes; nil where it stays.
  func optionalPermissions() throws -> FilePermissions? { has("mode") ? try permissions() : nil }

  func optionalInteger(_ key: String) throws -> UInt32? { has(key) ? try integer(key) : nil }
}

extension Fields {
  /// What `IPC_STAT` tells of whose an object is.
  mutating func append(_ ownership: SystemVOwnership) {
    append("mode", String(ownership.permissions.rawValue, radix: 8))
    append("uid", ownership.user)
    append("gid", ownership.group)
    append("cuid", ownership.creatorUser)
    append("cgid", ownership.creatorGroup)
  }
}
