internal import CIPC

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a descriptor is ready for: the events of `poll(2)` and `epoll(7)`.
public struct Readiness: OptionSet, Hashable, Sendable {
  public let rawValue: Int16
  public init(rawValue: Int16) { self.rawValue = rawValue }

  /// Reading does not wait (`POLLIN`).
  public static let readable = Readiness(rawValue: Int16(POLLIN))
  /// Writing at least one byte does not wait (`POLLOUT`).
  public static let writable = Readiness(rawValue: Int16(POLLOUT))
  /// An error is pending, or all readers of a pipe are gone (`POLLERR`). Reported even if not asked for.
  public static let error = Readiness(rawValue: Int16(POLLERR))
  /// The peer closed its end; data may still be there to read (`POLLHUP`). Reported even if not asked for.
  public static let hangUp = Readiness(rawValue: Int16(POLLHUP))
  /// Urgent data of a socket is there (`POLLPRI`).
  public static let priority = Readiness(rawValue: Int16(POLLPRI))
  /// The peer of a stream socket shut down its sending half, or closed (`POLLRDHUP`).
  public static let peerHangUp = Readiness(rawValue: Int16(CIPC_POLLRDHUP))
  /// No file is open under this number (`POLLNVAL`). Reported by `poll(2)` only, even if not asked for.
  public static let notOpen = Readiness(rawValue: Int16(POLLNVAL))
}
