internal import CIPC
internal import Glibc
public import SystemPackage

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Hashable, Sendable {
  public let rawValue: Int16
  public init(rawValue: Int16) { self.rawValue = rawValue }

  /// Reading would not wait.
  public static let readable = Readiness(rawValue: Int16(POLLIN))
  /// Writing would not wait, for at least one byte.
  public static let writable = Readiness(rawValue: Int16(POLLOUT))
  /// Nobody reads what is written. Reported whether asked for or not.
  public static let error = Readiness(rawValue: Int16(POLLERR))
  /// Every writer has closed its end. Reported whether asked for or not.
  public static let hangUp = Readiness(rawValue: Int16(POLLHUP))
}

extension Readiness {
  /// Waits until a descriptor is ready for one of `events`, and tells for what.
  ///
  /// - Returns: What it is ready for; empty when patience ran out first.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for, `.invalidArgument` beyond `RLIMIT_NOFILE`.
  ///
  /// Calls `ppoll(2)`. For a descriptor that is none it reports an error condition (`POLLNVAL`), not a failure.
  public static func of(
    _ descriptor: FileDescriptor, for events: Readiness, patience: Patience = .none, interruption: Interruption = .retry
  ) throws(IPCError) -> Readiness {
    try Kernel.wait(for: events, of: descriptor, patience, interruption)
  }
}

extension Kernel {
  /// Waits until `descriptor` is ready for one of `events`; empty when patience ran out, and never before it did.
  package static func wait(
    for events: Readiness, of descriptor: FileDescriptor, _ patience: Patience, _ interruption: Interruption = .retry
  ) throws(IPCError) -> Readiness {
    while true {
      let nanoseconds: Int64 =
        switch patience {
        case .none: 0
        case .until(let deadline): max(0, deadline.remaining)
        case .forever: -1
        }
      var ready: Int16 = 0
      // Not retried below: a wait that begins anew has only the rest of its time.
      let result = attempt(.report) { unsafe cipc_ppoll(descriptor.rawValue, events.rawValue, &ready, nanoseconds) }
      switch result {
      case .success(0): if nanoseconds == 0 { return [] }
      case .success: return Readiness(rawValue: ready)
      case .failure(.interrupted) where interruption == .retry: continue
      case .failure(let reason): throw IPCError(call: "poll", errno: reason, object: .descriptor(descriptor))
      }
    }
  }

  /// Waits until an instant.
  package static func sleep(
    until deadline: Deadline, _ interruption: Interruption = .retry
  ) throws(IPCError) {
    // poll(2) ignores a negative descriptor.
    _ = try wait(for: [], of: FileDescriptor(rawValue: -1), .until(deadline), interruption)
  }
}
