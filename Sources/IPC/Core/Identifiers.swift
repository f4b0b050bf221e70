public import SystemPackage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The number of a process (`pid_t`).
///
/// The kernel reuses the number of a process that has ended and been waited for. A ``PIDFD`` never refers to another
/// process.
public struct ProcessID: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// This process. Calls `getpid(2)`.
  public static var current: ProcessID { ProcessID(rawValue: getpid()) }
}

extension ProcessID: CustomStringConvertible, ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }
  public var description: String { "\(rawValue)" }
}

extension UserID {
  /// The effective user of this process. Calls `geteuid(2)`.
  public static var effective: UserID { UserID(rawValue: geteuid()) }
}

extension GroupID {
  /// The effective group of this process. Calls `getegid(2)`.
  public static var effective: GroupID { GroupID(rawValue: getegid()) }
}
