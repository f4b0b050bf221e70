/// A fault that the tracer injects into a system call of a peer.
public enum InjectedFault: String, Sendable, CaseIterable, Codable {
  /// The peer is killed as it enters the call, which has no effect.
  case killedBefore = "killed-before"
  /// The peer is killed after the call has had its effect, before it makes any other.
  case killedAfter = "killed-after"
  /// The call fails with this error, and has no effect.
  case interrupted = "EINTR"
  case wouldBlock = "EAGAIN"
  case noMemory = "ENOMEM"
  case noDescriptor = "EMFILE"
  case noSpace = "ENOSPC"
  /// The call transfers fewer bytes than requested, and reports that.
  case short

  /// The symbol of the error with which the call fails; nil if it does not fail.
  var errno: String? {
    switch self {
    case .killedBefore, .killedAfter, .short: nil
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace: rawValue
    }
  }

  var kills: Bool { self == .killedBefore || self == .killedAfter }
}

/// One system call that a role makes during one request of a script.
struct InjectionPoint: Sendable, Hashable {
  let role: String
  /// Which of the requests to this role, from 0.
  let request: Int
  let operation: String
  let call: String
  /// Which of the calls of this name during the request, from 1.
  let occurrence: Int
  /// Which of all calls of this name since the peer was executed, from 1: what a tracer counts.
  let number: Int
  /// The call after it: a peer that is killed as it enters that one has made no other since.
  let next: Next
  /// Whether the call transfers bytes of a stream or a file, so that the kernel may transfer fewer than requested.
  let isDivisible: Bool
  /// Whether the call wakes the threads that sleep on a word.
  let isWaking: Bool
  /// Whether an earlier call of the same request had an effect that cannot be undone: bytes or a message were
  /// transferred, or a name given.
  ///
  /// A second request would not be the same one.
  let isCommitted: Bool

  struct Next: Sendable, Hashable {
    let call: String
    let number: Int
    /// Whether it is a point of the same request: a kill after one is a kill before the other.
    let isPoint: Bool
  }

  /// The faults that can be injected into this call, by the table of calls.
  func faults(_ table: SystemCallTable) -> [InjectedFault] {
    InjectedFault.allCases.filter { fault in
      switch fault {
      case .killedBefore: true
      case .killedAfter: !next.isPoint
      case .short: isDivisible
      default: !isWaking && (table[call]?.allows(fault, within: operation) ?? false)
      }
    }
  }
}

/// A fault in one call.
struct Injection: Sendable {
  let fault: InjectedFault
  let point: InjectionPoint

  var cell: Cell.Injection {
    Cell.Injection(
      role: point.role, request: point.request + 1, operation: point.operation, call: point.call,
      occurrence: point.occurrence, fault: fault)
  }
}
