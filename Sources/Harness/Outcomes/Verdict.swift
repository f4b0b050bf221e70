/// The verdict on a cell, with the word for it in reports.
public enum Verdict: String, Sendable, CaseIterable, Codable {
  case passed
  /// A response differs from what the standard requires.
  case failed
  /// The peer reports that it does not support the operation.
  case unsupported
  /// The environment or the control cell failed: nothing is known about the peers.
  case broken
  case timedOut = "timed out"
  /// A peer ended unexpectedly.
  case crashed
  /// All responses were correct, but an object was left behind.
  case leaked
  /// A requirement of the scenario is not met, or the run ended before the cell.
  case notRun = "not run"
}

/// Makes a dictionary of counts by verdict a JSON object instead of an array.
extension Verdict: CodingKeyRepresentable {}
