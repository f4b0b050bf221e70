/// A peer with one deliberate fault, and what the gate must say of it. The gate is tested by whether it says that.
public struct Mutant: Sendable {
  /// As `--fault` takes it: `mq-priority-dropped`. Unique among all languages.
  public let fault: String
  /// The language whose faulty build has it.
  public let language: String
  /// One line: what a porter would have got wrong.
  public let wrong: String
  /// Which cells must catch it, in the order of the file.
  public let catchers: [Catcher]
  public let verdict: Verdict
  /// Must be part of the reason of every one of those cells.
  public let reason: String
  public let location: SourceLocation

  /// A scenario, in which the faulty peer plays one role and the reference the others.
  public struct Catcher: Sendable, Hashable {
    public let scenario: String
    /// The rows that count: `["bytes": "4096"]`. Every row has to catch it when this is empty.
    public let parameters: [String: String]
    public let role: String
  }

  /// The mechanism that it is a fault of.
  public var mechanism: String { mechanisms[0] }

  /// Every mechanism that has a cell which must catch it.
  var mechanisms: [String] { catchers.map { String($0.scenario.prefix { $0 != "/" }) } }

  /// The cells of `cells` that must catch `language`'s fault.
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
