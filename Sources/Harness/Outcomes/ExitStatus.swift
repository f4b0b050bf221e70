/// The command's exit statuses.
///
/// Scripts may rely on the numbers.
public enum ExitStatus: Int32, Sendable, CaseIterable, Codable {
  case asExpected = 0
  case failures = 1
  case usage = 2
  /// The environment or a control cell is broken, so the run shows nothing about the peers.
  case brokenEnvironment = 3
  case nothingSelected = 4
  /// All responses were correct, but an object was left behind.
  case onlyLeaks = 5
  case interrupted = 130

  /// Determines a run's exit status from its unexpected verdicts.
  ///
  /// `missing` is the number of planned cells without a verdict, which count as not run. With `failFast`, missing cells
  /// are expected, because the first unexpected verdict has ended the run.
  init(
    unexpected: some Sequence<Verdict>, missing: Int = 0, failFast: Bool = false, problems: [String],
    isInterrupted: Bool
  ) {
    var verdicts = Set(unexpected)
    if missing > 0, !failFast || verdicts.isEmpty { verdicts.insert(.notRun) }
    if isInterrupted {
      self = .interrupted
    } else if !verdicts.isSubset(of: [.broken, .leaked, .notRun]) {
      self = .failures
    } else if !verdicts.isDisjoint(with: [.broken, .notRun]) {
      self = .brokenEnvironment
    } else if !problems.isEmpty {
      self = .failures
    } else {
      self = verdicts.isEmpty ? .asExpected : .onlyLeaks
    }
  }
}

/// The reason why a run cannot begin, with its exit status.
public struct RunError: Error, CustomStringConvertible {
  /// The reason, in one line.
  public let description: String
  /// The command's exit status.
  public let status: ExitStatus

  /// Creates an error; by default, its status reports a broken environment.
  public init(_ description: String, status: ExitStatus = .brokenEnvironment) {
    self.description = description
    self.status = status
  }
}
