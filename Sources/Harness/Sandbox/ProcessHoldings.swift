import Glibc
import PeerProtocol

/// The open descriptors and the signals of a process at one moment.
struct ProcessHoldings {
  /// The file of each open descriptor.
  var descriptors: [Int: String] = [:]
  /// The status flags of the requested descriptors.
  var flags: [Int: StatusFlags] = [:]
  var signals: SignalState?
}

/// The status flags of an open file description that `F_SETFL` can change, for every process that shares it.
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

/// The signals that a process blocks, ignores, and catches, and the blocked ones that are pending.
struct SignalState {
  let blocked: UInt64
  let ignored: UInt64
  let caught: UInt64
  /// A signal that is not blocked is pending only until it is delivered.
  let pending: UInt64
  /// Whether the process was asleep.
  ///
  /// If it was awake, a signal handler may have been running with its signal blocked.
  let isAsleep: Bool

  /// The signals 32 to 34 belong to the C libraries, which catch them when the first thread starts.
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
