internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// The flags that `msgget`, `shmget` and `semget` have in common.
let creationFlags = FlagTable(["IPC_CREAT": IPC_CREAT, "IPC_EXCL": IPC_EXCL])

extension Parameters {
  /// Parses the key: decimal, `0x…`, or `IPC_PRIVATE`.
  func key() throws -> SystemVKey {
    guard let key = SystemVKey(try text("key")) else {
      throw Invalid("key=\(try text("key")): a number or IPC_PRIVATE expected")
    }
    return key
  }

  /// Returns the object with the identifier in the request or, without one, the latest object.
  func object<Object: SystemVObject>(_ key: String, latest: Object?) throws -> Object {
    if has(key) { return Object(identifier: try integer(key)) }
    guard let latest else { throw Invalid("the parameter '\(key)' is missing, and no object was opened before") }
    return latest
  }

  /// Returns the new user for `IPC_SET`, or nil to leave the user unchanged.
  func newUser() throws -> UserID? { has("uid") ? UserID(rawValue: try integer("uid")) : nil }
  func newGroup() throws -> GroupID? { has("gid") ? GroupID(rawValue: try integer("gid")) : nil }
  func newPermissions() throws -> FilePermissions? { has("mode") ? try permissions() : nil }
}

extension Fields {
  /// Appends an object's owner and permissions, for `IPC_STAT`.
  mutating func append(_ ownership: SystemVOwnership) {
    append("mode", String(ownership.permissions.rawValue, radix: 8))
    append("uid", ownership.user.rawValue)
    append("gid", ownership.group.rawValue)
    append("cuid", ownership.creatorUser.rawValue)
    append("cgid", ownership.creatorGroup.rawValue)
  }
}
