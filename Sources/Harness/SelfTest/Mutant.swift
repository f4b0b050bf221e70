/// A peer with one deliberate defect, and what the suite must report about it.
public struct Mutant: Sendable {
  /// The name that `--mutant` takes: `mq-priority-dropped`.
  ///
  /// Unique among all languages.
  public let name: String
  /// The language whose mutant build has it.
  public let language: String
  /// One line: the defect.
  public let wrong: String
  /// The cells that must catch it, in the order of the file.
  public let catchers: [Catcher]
  /// The verdict that the cells must have.
  public let verdict: Verdict
  /// A part of the reason that every one of those cells must give.
  public let reason: String
  /// The place of the mutant in `fixtures/mutants.yaml`.
  public let location: SourceLocation

  /// A scenario in which the mutant plays one role, and the reference the others.
  public struct Catcher: Sendable, Hashable {
    /// The id of the scenario.
    public let scenario: String
    /// The parameters of the rows that must catch the mutant: `["bytes": "4096"]`.
    ///
    /// Every row has to catch the mutant if this is empty.
    public let parameters: [String: String]
    /// The role that the mutant plays.
    public let role: String
  }

  /// The mechanism whose defect it is.
  public var mechanism: String { mechanisms[0] }
  /// Every mechanism that has a cell which must catch it.
  var mechanisms: [String] { catchers.map { String($0.scenario.prefix { $0 != "/" }) } }

  /// The cells of `cells` that must catch it if `language` plays it.
  func cells(among cells: [Cell], playedBy language: String, reference: String) -> [Cell] {
    cells.filter { cell in
      catchers.contains { catcher in
        catcher.scenario == cell.scenario
          && catcher.parameters.allSatisfy { cell.parameters[$0.key] == $0.value }
          && cell.pairing.allSatisfy { $0.language == ($0.role == catcher.role ? language : reference) }
      }
    }
  }
}

/// The names that a self-test takes.
enum MutantNames {
  /// Throws if one of `names` is not a mutant.
  static func check(_ names: [String], _ mutants: [Mutant], _ runner: [RunnerMutant]) throws(RunError) {
    let known = mutants.map(\.name) + runner.map(\.name)
    for name in names where !known.contains(name) {
      let nearest = Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      throw RunError(
        "there is no mutant '\(name)'; \(nearest ?? "'ipc-interop self-test --list' shows all")",
        status: .nothingSelected)
    }
  }
}

extension [Mutant] {
  /// Returns the mutants with these names; all of them if there are no names.
  func named(_ names: [String]) -> [Mutant] { names.isEmpty ? self : filter { names.contains($0.name) } }
}

extension [RunnerMutant] {
  /// Returns the mutants with these names; all of them if there are no names.
  func named(_ names: [String]) -> [RunnerMutant] { names.isEmpty ? self : filter { names.contains($0.name) } }
}
