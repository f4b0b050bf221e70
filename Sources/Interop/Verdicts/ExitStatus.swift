/// The exit statuses of the command: an interface, never a count.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  case asExpected = 0
  case failures = 1
  case usage = 2
  /// The environment or a control cell is broken: nothing is known of the peers.
  case brokenEnvironment = 3
  case nothingSelected = 4
  /// Every answer was right, and something was left behind.
  case onlyLeaks = 5
  case interrupted = 130

  /// The status of a run whose unexpected verdicts are these.
  ///
  /// - Parameters:
  ///   - missing: How many planned cells have no verdict. Such a cell is one that was not run, whatever the reason: it must
  ///     never be missing in silence.
  ///   - failFast: Whether the first unexpected verdict ends the run, and is why others are missing.
  init(
    unexpected: some Sequence<Verdict>, missing: Int = 0, failFast: Bool = false, complaints: [String],
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
    } else if !complaints.isEmpty {
      self = .failures
    } else {
      self = verdicts.isEmpty ? .asExpected : .onlyLeaks
    }
  }
}
