/// What befalls a system call of a peer, brought about from outside of it.
public enum Fault: String, Sendable, CaseIterable, Codable {
  /// The peer is killed as it enters the call, which has no effect.
  case killedBefore = "killed-before"
  /// The peer is killed after the call has had its effect, before it makes any other.
  case killedAfter = "killed-after"
  /// The call fails with this reason, and has no effect.
  case interrupted = "EINTR"
  case wouldBlock = "EAGAIN"
  case noMemory = "ENOMEM"
  case noDescriptor = "EMFILE"
  case noSpace = "ENOSPC"
  /// The call transfers fewer bytes than it was asked for, and says so.
  case short

  /// The symbol of the reason with which the call fails; nil where it does not fail.
  var errno: String? {
    switch self {
    case .killedBefore, .killedAfter, .short: nil
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace: rawValue
    }
  }

  var kills: Bool { self == .killedBefore || self == .killedAfter }
}

/// One system call that a role makes while it performs one request of a script.
struct FaultPoint: Sendable, Hashable {
  let role: String
  /// Which of the requests to this role, from 0.
  let request: Int
  let operation: String
  let call: String
  /// Which of the calls of this name while the request is performed, from 1.
  let occurrence: Int
  /// Which of all calls of this name since the peer was executed, from 1: what a tracer counts.
  let number: Int
  /// The call after it, whatever it is: who is killed as he enters it has made no other since.
  let next: Next
  /// The call moves bytes of a stream or a file, of which the kernel may move fewer than asked.
  let isDivisible: Bool
  /// The call wakes who sleeps on a word.
  let isWaking: Bool
  /// Another call has had an effect before, for the same request, that cannot be undone: bytes or a message were
  /// transferred, or a name given. To ask again would not be to ask the same.
  let isCommitted: Bool

  struct Next: Sendable, Hashable {
    let call: String
    let number: Int
    /// A point of the same request: to be killed after the one is to be killed before the other.
    let isPoint: Bool
  }

  /// The faults that this call can meet, by the table of calls.
  func faults(_ table: SystemCallTable) -> [Fault] {
    Fault.allCases.filter { fault in
      switch fault {
      case .killedBefore: true
      case .killedAfter: !next.isPoint
      case .short: isDivisible
      default: !isWaking && (table[call]?.allows(fault, within: operation) ?? false)
      }
    }
  }
}
