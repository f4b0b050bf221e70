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
  /// Something out of turn is there: urgent data of a socket.
  public static let priority = Readiness(rawValue: Int16(POLLPRI))
  /// The other side of a stream has shut down its sending half, or is gone.
  public static let peerHangUp = Readiness(rawValue: Int16(CIPC_POLLRDHUP))
  /// Nothing is open under this number. Reported whether asked for or not, and only by `poll(2)`.
  public static let notOpen = Readiness(rawValue: Int16(POLLNVAL))
}

extension Readiness {
  /// Waits until a descriptor is ready for one of `events`, and tells for what.
  ///
  /// - Returns: What it is ready for; empty when patience ran out first.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for, `.invalidArgument` beyond `RLIMIT_NOFILE`.
  ///
  /// Calls `ppoll(2)`. For a descriptor that is none it reports ``notOpen``, not a failure.
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
    var entry = cipc_pollfd(descriptor: descriptor.rawValue, events: events.rawValue, revents: 0)
    let count = try wait("ppoll", on: .descriptor(descriptor), patience, interruption) {
      unsafe cipc_ppoll(&entry, 1, $0)
    }
    return count == 0 ? [] : Readiness(rawValue: entry.revents)
  }

  /// Performs a call that waits for so many nanoseconds at most, negative for ever, until something is ready.
  ///
  /// - Returns: How many things are ready; 0 when patience ran out, and never before it did.
  static func wait(
    _ name: String, on object: IPCError.Object?, _ patience: Patience, _ interruption: Interruption,
    _ call: (Int64) -> Int32
  ) throws(IPCError) -> Int {
    while true {
      let nanoseconds = patience.nanoseconds ?? 0
      // Not retried below: a wait that begins anew has only the rest of its time.
      switch attempt(.report, { call(nanoseconds) }) {
      case .success(0): if nanoseconds == 0 { return 0 }
      case .success(let count): return Int(count)
      case .failure(.interrupted) where interruption == .retry: continue
      case .failure(let reason): throw IPCError(call: name, errno: reason, object: object)
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
