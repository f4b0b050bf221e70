/// A peer with one deliberate defect, and the result that the suite must report for it.
public struct Mutant: Sendable {
  /// The name for `--mutant`, such as `mq-priority-dropped`; unique across all languages.
  public let name: String
  /// The language whose mutant build contains the defect.
  public let language: String
  /// A one-line description of the defect.
  public let wrong: String
  /// The scenarios that must catch the mutant, in file order.
  public let catchers: [Catcher]
  /// The verdict that the catching cells must have.
  public let verdict: Verdict
  /// Text that the reason in every catching cell must contain.
  public let reason: String
  /// The mutant's position in `fixtures/mutants.yaml`.
  public let location: SourceLocation

  /// A scenario that must catch the mutant in one role, with the reference in the other roles.
  public struct Catcher: Sendable, Hashable {
    /// The scenario id.
    public let scenario: String
    /// The parameters that select the rows that must catch the mutant: `["bytes": "4096"]`.
    ///
    /// If empty, every row must catch the mutant.
    public let parameters: [String: String]
    /// The role that the mutant plays.
    public let role: String
  }

  /// The mechanism of the first scenario that must catch the mutant.
  public var mechanism: String { mechanisms[0] }
  /// The mechanisms of the cells that must catch the mutant.
  var mechanisms: [String] { catchers.map { String($0.scenario.prefix { $0 != "/" }) } }

  /// Returns the cells that must catch the mutant, which plays its role under the name `language`.
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

/// Checks the mutant names passed to `self-test`.
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
  /// Returns the mutants with the given names, or all mutants if there are no names.
  func named(_ names: [String]) -> [Mutant] { names.isEmpty ? self : filter { names.contains($0.name) } }
}

extension [RunnerMutant] {
  /// Returns the mutants with the given names, or all mutants if there are no names.
  func named(_ names: [String]) -> [RunnerMutant] { names.isEmpty ? self : filter { names.contains($0.name) } }
}
