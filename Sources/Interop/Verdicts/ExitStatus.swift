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
  init(unexpected: some Sequence<Verdict>, complaints: [String], isInterrupted: Bool) {
    let verdicts = Set(unexpected)
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
