/// The verdict on a cell.
public enum Verdict: String, Sendable, CaseIterable, Codable {
  case passed
  /// A response differs from what the standard requires.
  case failed
  /// The peer does not have the operation, and says so.
  case unsupported
  /// The environment or the control cell failed: nothing is known about the peers.
  case broken
  case timedOut = "timed out"
  /// A peer ended unexpectedly.
  case crashed
  /// All responses were right, and something was left behind.
  case leaked
  /// A need of the scenario is not met, or the run ended before.
  case notRun = "not run"
}

/// So that counts by verdict are an object in JSON, not an array.
extension Verdict: CodingKeyRepresentable {}
