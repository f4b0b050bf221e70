/// A fault that the tracer injects into a peer's system call.
public enum InjectedFault: String, Sendable, CaseIterable, Codable {
  /// The peer is killed on entry to the call, before the call takes effect.
  case killedBefore = "killed-before"
  /// The peer is killed after the call takes effect, before the peer makes another call.
  case killedAfter = "killed-after"
  /// The call fails with this error and has no effect.
  case interrupted = "EINTR"
  case wouldBlock = "EAGAIN"
  case noMemory = "ENOMEM"
  case noDescriptor = "EMFILE"
  case noSpace = "ENOSPC"
  /// The call transfers and returns fewer bytes than requested.
  case short

  /// The symbolic name of the error with which the call fails; nil if the call does not fail.
  var errno: String? {
    switch self {
    case .killedBefore, .killedAfter, .short: nil
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace: rawValue
    }
  }

  var kills: Bool { self == .killedBefore || self == .killedAfter }
}

/// One system call that a role makes during one request in a script.
struct InjectionPoint: Sendable, Hashable {
  let role: String
  /// The index of the request among all requests to this role, counted from 0.
  let request: Int
  let operation: String
  let call: String
  /// The index of the call among the injection points with this name during the request, counted from 1.
  let occurrence: Int
  /// The index of the call among all calls with this name during the request, counted from 1.
  let numberInRequest: Int
  /// The index of the call among all calls with this name since the tracer started the peer, counted from 1, as in
  /// strace.
  let number: Int
  /// The peer's next call.
  ///
  /// To kill the peer after this call, the tracer kills it when it enters the next call.
  let next: Next
  /// Whether the call transfers bytes to or from a stream or file.
  ///
  /// If so, the kernel may transfer fewer bytes than requested.
  let isDivisible: Bool
  /// Whether the call wakes threads waiting on a futex.
  let isWaking: Bool
  /// Whether an earlier call in the same request had an effect that cannot be undone, such as transferring bytes or
  /// creating a name.
  ///
  /// If so, repeating the request would have a different effect.
  let isCommitted: Bool

  struct Next: Sendable, Hashable {
    let call: String
    let number: Int
    /// Whether the next call is an injection point in the same request.
    ///
    /// If so, a kill before the next call replaces the kill after this call.
    let isPoint: Bool
  }

  /// Returns the faults that can be injected into this call.
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

/// A fault, and the call in which it is injected.
struct Injection: Sendable {
  let fault: InjectedFault
  let point: InjectionPoint

  var cell: Cell.Injection {
    Cell.Injection(
      role: point.role, request: point.request + 1, operation: point.operation, call: point.call,
      occurrence: point.occurrence, fault: fault)
  }
}
