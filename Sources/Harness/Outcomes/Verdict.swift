/// The verdict on a cell; the raw value is the word that reports use.
public enum Verdict: String, Sendable, CaseIterable, Codable {
  case passed
  /// A response differs from what the standard requires.
  case failed
  /// The environment or the control cell failed, so the cell shows nothing about the peers.
  case broken
  case timedOut = "timed out"
  /// A peer terminated unexpectedly.
  case crashed
  /// All responses were correct, but an object was left behind.
  case leaked
  /// A peer lacks a capability, the machine does not meet a requirement, or the run ended before the cell.
  case notRun = "not run"
}

/// With this conformance, a dictionary of counts by verdict is encoded as a JSON object instead of an array.
extension Verdict: CodingKeyRepresentable {}
