/// A requirement that a program must meet even if one of its system calls fails.
public enum FaultDemand: String, Sendable, CaseIterable {
  /// The program terminates if the scenario cannot continue.
  case ends
  /// The program is not killed by a signal that indicates a programming error, such as SIGSEGV.
  case noCrash = "no-crash"
  /// The program's exit status is nonzero if the scenario cannot continue.
  case status
  /// The program writes a message before it exits with a nonzero status.
  case message
  /// The program removes the objects that it created and would have removed without the failure.
  case cleanup
  /// An interrupted call does not change the scenario's result.
  case restart

  static let all = Set(allCases)
}
