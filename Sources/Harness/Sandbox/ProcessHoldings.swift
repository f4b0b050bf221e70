import Glibc
import PeerProtocol

/// A process's open descriptors and signals at one point in time.
struct ProcessHoldings {
  /// The file to which each open descriptor refers.
  var descriptors: [Int: String] = [:]
  /// The requested descriptors' status flags.
  var flags: [Int: StatusFlags] = [:]
  var signals: SignalState?
}

/// The status flags that `F_SETFL` can change.
///
/// They belong to the open file description, so a change affects all processes that share it.
struct StatusFlags: Equatable, CustomStringConvertible {
  private let rawValue: Int32

  private static let names: [(name: String, value: Int32)] = [
    ("O_NONBLOCK", O_NONBLOCK), ("O_APPEND", O_APPEND), ("O_ASYNC", O_ASYNC), ("O_DIRECT", 0o40000),
    ("O_NOATIME", 0o1000000),
  ]

  init(_ flags: Int32) { rawValue = flags & Self.names.reduce(0) { $0 | $1.value } }

  var description: String {
    let set = Self.names.filter { rawValue & $0.value != 0 }.map(\.name)
    return set.isEmpty ? "0" : set.joined(separator: "|")
  }
}

/// The signals that a process blocks, ignores and catches, and the blocked signals that are pending.
struct SignalState {
  let blocked: UInt64
  let ignored: UInt64
  let caught: UInt64
  /// The pending signals that are blocked.
  ///
  /// A signal that is not blocked is pending only until it is delivered.
  let pending: UInt64
  /// Whether the process was asleep.
  ///
  /// If the process was awake, it may have been running a signal handler, which blocks its own signal.
  let isAsleep: Bool

  /// Signals 32 to 34, which the C libraries reserve and start to catch when the first thread is created.
  private static let internalSignals: UInt64 = 0b111 << 31

  init?(_ fields: Fields) {
    func mask(_ key: String) -> UInt64? {
      fields[key].flatMap { UInt64($0, radix: 16) }.map { $0 & ~Self.internalSignals }
    }
    guard let blocked = mask("blocked"), let ignored = mask("ignored"), let caught = mask("caught"),
      let pending = mask("pending")
    else { return nil }
    isAsleep = fields["state"] == "S"
    (self.blocked, self.ignored, self.caught, self.pending) = (blocked, ignored, caught, pending & blocked)
  }
}
