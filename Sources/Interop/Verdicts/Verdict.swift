/// What is said of a cell.
public enum Verdict: String, Sendable, CaseIterable, Codable {
  case passed
  /// An answer differs from what the standard demands.
  case failed
  /// The peer has no such operation, and said so honestly.
  case unsupported
  /// The environment or the control cell failed: it says nothing about the peers.
  case broken
  case timedOut = "timed out"
  /// A peer ended when it should not have.
  case crashed
  /// All answers were right, and something was left behind.
  case leaked
  /// A need of the scenario is not met here, or the run ended before its turn.
  case notRun = "not run"
}

/// So that counts by verdict are an object in JSON, not an array.
extension Verdict: CodingKeyRepresentable {}
