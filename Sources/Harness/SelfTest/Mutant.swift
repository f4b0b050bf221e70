/// A peer with one deliberate defect, and what the suite must report about it.
public struct Mutant: Sendable {
  /// The name for `--mutant`, such as `mq-priority-dropped`; it is unique among all languages.
  public let name: String
  /// The language whose mutant build contains the defect.
  public let language: String
  /// The defect, in one line.
  public let wrong: String
  /// The scenarios that must catch it, in the order of the file.
  public let catchers: [Catcher]
  /// The verdict that the cells must have.
  public let verdict: Verdict
  /// Text that the reason of every such cell must contain.
  public let reason: String
  /// The position of the mutant in `fixtures/mutants.yaml`.
  public let location: SourceLocation

  /// A scenario that must catch the mutant in one role, with the reference in the other roles.
  public struct Catcher: Sendable, Hashable {
    /// The id of the scenario.
    public let scenario: String
    /// The parameters of the rows that must catch the mutant: `["bytes": "4096"]`.
    ///
    /// If it is empty, every row must catch the mutant.
    public let parameters: [String: String]
    /// The role that the mutant plays.
    public let role: String
  }

  /// The mechanism that has the defect.
  public var mechanism: String { mechanisms[0] }
  /// The mechanisms of the cells that must catch it.
  var mechanisms: [String] { catchers.map { String($0.scenario.prefix { $0 != "/" }) } }

  /// Returns the cells that must catch the mutant, whose peer is called `language`.
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

/// The check of the mutant names that are passed to `self-test`.
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
