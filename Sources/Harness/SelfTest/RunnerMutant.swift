/// A defect in the runner itself, and the tests that must catch it.
///
/// The mutant build of the runner contains all of these mutants. The environment variable ``variable`` selects the
/// mutants to enable.
public struct RunnerMutant: Sendable {
  /// The name, such as `not-equal-always-holds`.
  public let name: String
  /// A one-line description of the defect.
  public let wrong: String
  /// The source file that contains the defect, relative to `Sources`.
  let file: String
  /// Text that occurs exactly once in the file; the mutant build contains ``replacement`` instead.
  let original: String
  let replacement: String
  /// The verdict that the defective runner gives the peer mutants in ``killers``.
  let verdict: Verdict
  /// Whether the peer mutants run without private namespaces.
  let isShared: Bool
  /// The tests that must detect the defect, at least two.
  public let killers: [Killer]
  /// The mutant's position in `fixtures/runner-mutants.yaml`.
  let location: SourceLocation

  /// The environment variable that holds a comma-separated list of the mutants to enable.
  static let variable = "IPC_INTEROP_MUTANTS"

  /// A test that detects the defect.
  public enum Killer: Sendable {
    /// A peer mutant that the defective runner does not catch.
    case mutant(String)
    /// A command whose result differs in the defective runner.
    case check(RunnerCheck)

    /// The test's name in the file.
    public var name: String {
      switch self {
      case .mutant(let name): name
      case .check(let check): "check \(check.name)"
      }
    }
  }

  /// The peer mutants that reveal the defect.
  var mutants: [String] { killers.compactMap { if case .mutant(let name) = $0 { name } else { nil } } }
  /// The commands that reveal the defect.
  var checks: [RunnerCheck] { killers.compactMap { if case .check(let check) = $0 { check } else { nil } } }
}

/// A runner command, with its expected exit status and output.
public struct RunnerCheck: Sendable {
  /// The name, such as `failure-in-junit`.
  public let name: String
  /// The words after the program name.
  let command: [String]
  /// Other runner mutants to enable, which give the command a defect to report.
  let with: [String]
  let exit: Int32
  /// Strings that the output must contain; ``lacks`` holds the strings that it must not contain.
  let shows: [String]
  let lacks: [String]

  /// Returns the first difference between the command's actual and expected results; nil if there is none.
  func problem(_ result: ProgramRun) -> String? {
    guard let status = result.status else { return "the command did not end" }
    if status != exit { return "exit status \(status) instead of \(exit)" }
    if let text = shows.first(where: { !result.output.contains($0) }) { return "the output lacks '\(text)'" }
    return lacks.first(where: result.output.contains).map { "the output has '\($0)'" }
  }
}
