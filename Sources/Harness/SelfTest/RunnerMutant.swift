/// A defect of the runner itself, and the tests that must catch it.
///
/// A second build of the runner has all of them. The environment variable ``variable`` switches some of them on.
public struct RunnerMutant: Sendable {
  /// The name: `not-equal-always-holds`.
  public let name: String
  /// One line: the defect.
  public let wrong: String
  /// The source file with the defect, below `Sources`.
  let file: String
  /// Text that the file has once, and the text that replaces it in the second build.
  let original: String
  let replacement: String
  /// The verdict that the runner with this defect gives the mutants of peers in ``killers``.
  let verdict: Verdict
  /// Whether the mutants of peers run among the objects of the machine.
  let isShared: Bool
  /// The tests that must notice the defect; at least two.
  public let killers: [Killer]
  /// The place of the mutant in `fixtures/runner-mutants.yaml`.
  let location: SourceLocation

  /// Names of mutants, separated by commas.
  static let variable = "IPC_INTEROP_MUTANTS"

  /// A test that notices the defect.
  public enum Killer: Sendable {
    /// The mutant of a peer, which the defective runner does not catch.
    case mutant(String)
    /// A command, which the defective runner performs otherwise.
    case check(RunnerCheck)

    /// The name in the file.
    public var name: String {
      switch self {
      case .mutant(let name): name
      case .check(let check): "check \(check.name)"
      }
    }
  }

  /// The mutants of peers that must notice the defect.
  var mutants: [String] { killers.compactMap { if case .mutant(let name) = $0 { name } else { nil } } }
  /// The commands that must notice it.
  var checks: [RunnerCheck] { killers.compactMap { if case .check(let check) = $0 { check } else { nil } } }
}

/// A command of the runner, and what it must do.
public struct RunnerCheck: Sendable {
  /// The name: `failure-in-junit`.
  public let name: String
  /// The words after the name of the program.
  let command: [String]
  /// Other mutants of the runner that are switched on, so that the command has a defect to report.
  let with: [String]
  let exit: Int32
  /// Texts that the output must have, and texts that it must not have.
  let shows: [String]
  let lacks: [String]

  /// The first difference between the result of the command and what it must be; nil if there is none.
  func problem(_ result: ProgramRun) -> String? {
    guard let status = result.status else { return "the command did not end" }
    if status != exit { return "exit status \(status) instead of \(exit)" }
    if let text = shows.first(where: { !result.output.contains($0) }) { return "the output lacks '\(text)'" }
    return lacks.first(where: result.output.contains).map { "the output has '\($0)'" }
  }
}
