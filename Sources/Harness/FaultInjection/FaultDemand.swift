/// A requirement that a program must still meet when one of its system calls fails.
public enum FaultDemand: String, Sendable, CaseIterable {
  /// The program ends, if the scenario cannot continue.
  case ends
  /// No signal of a programming error, such as SIGSEGV, ends it.
  case noCrash = "no-crash"
  /// Its exit status is not 0, if the scenario cannot continue.
  case status
  /// It writes a message before it exits with another status.
  case message
  /// It removes the objects that it has created, and that it would have removed without the failure.
  case cleanup
  /// An interrupted call does not change the result of the scenario.
  case restart

  static let all = Set(allCases)
}
