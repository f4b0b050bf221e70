internal import Glibc
internal import SystemPackage

extension Errno {
  /// The process at the other end died without closing it.
  static var ownerDied: Errno { Errno(rawValue: Glibc.EOWNERDEAD) }
}
