/// The cells in a fault-injection run.
///
/// Each cell runs a script in one language, with one fault in one call made by one role.
struct InjectionPlan: Sendable {
  var planned: [Planned] = []
  /// The ids of all cells for the recorded scripts, selected or not.
  private(set) var known: [String] = []

  /// A script to run in one language with a fault to inject; a script without a fault is recorded.
  struct Planned: Sendable {
    let cell: Cell
    let scenario: Scenario
    let peer: PeerDescription
    let injection: Injection?

    init(_ scenario: Scenario, _ peer: PeerDescription, _ injection: Injection?) {
      cell = Cell(scenario, language: peer.language, injection: injection?.cell)
      self.scenario = scenario
      self.peer = peer
      self.injection = injection
    }
  }

  /// Adds the faults that can be injected into a recorded script's calls.
  mutating func add(_ points: [InjectionPoint], of recording: Planned, table: SystemCallTable, filter: InjectionFilter)
  {
    for point in points {
      for fault in point.faults(table) {
        let planned = Planned(recording.scenario, recording.peer, Injection(fault: fault, point: point))
        known.append(planned.cell.id)
        if filter.includes(planned.cell) { self.planned.append(planned) }
      }
    }
  }
}

/// The selection of fault-injection cells to run.
///
/// An empty list selects everything.
public struct InjectionSelection: Sendable {
  /// Patterns that select every cell whose id contains at least one pattern; `*` matches any text.
  public var filters: [String] = []
  /// Patterns that exclude every cell whose id contains at least one pattern.
  public var skipped: [String] = []
  /// The ids of the cells to run; nil for all cells.
  public var cells: Set<String>?
  /// The mechanisms to test, such as `pipe`.
  public var mechanisms: [String] = []
  /// The operations to test, such as `mq_send`.
  public var operations: [String] = []
  /// The languages whose peers to test, such as `swift`.
  public var languages: [String] = []
  /// The languages that play the roles, in order, as in ``Selection/pairs``.
  public var pairs: [[String]] = []
  /// The faults to inject, such as `EINTR`.
  public var faults: [InjectedFault] = []

  /// Creates a selection of all cells.
  public init() {}

  var isEverything: Bool {
    filters.isEmpty && skipped.isEmpty && cells == nil && mechanisms.isEmpty && operations.isEmpty && languages.isEmpty
      && pairs.isEmpty && faults.isEmpty
  }

  /// Returns whether the selection may contain some of a script's cells, so that the script must be recorded.
  func mayInclude(_ scenario: Scenario, language: String, _ table: SystemCallTable) -> Bool {
    (mechanisms.isEmpty || mechanisms.contains(scenario.mechanism))
      && (languages.isEmpty || languages.contains(language))
      && (operations.isEmpty || !scenario.operations.isDisjoint(with: operations))
      && (cells?.contains { $0.hasPrefix("\(scenario.id)[") } ?? true)
      && includes(Cell(scenario, language: language, injection: nil).pairing)
      && (filters.isEmpty
        || filters.contains { filter in
          let words = [language] + Array(scenario.operations) + table.names
          return InjectionNames(of: scenario, words: words).mayMatch(filter)
        })
  }

  /// Returns whether ``pairs`` select a cell's languages.
  fileprivate func includes(_ pairing: [Cell.Assignment]) -> Bool {
    pairs.isEmpty || pairs.contains { Selection.matches($0, pairing) }
  }

  /// Returns an error for each requested name that does not exist, because a run with a misspelled name must fail.
  func problems(scripts: [Scenario], registry: OperationRegistry, languages known: [String]) -> [String] {
    func problems(_ kind: String, _ names: [String], among known: [String]) -> [String] {
      names.filter { !known.contains($0) }.map {
        "there is no \(kind) '\($0)'\(Suggestion.clause(for: $0, among: known))"
      }
    }
    return problems("mechanism", mechanisms, among: Set(scripts.map(\.mechanism)).sorted())
      + problems("operation", operations, among: registry.names)
      + problems("language", languages, among: known)
  }
}

/// A selection with compiled patterns.
struct InjectionFilter {
  private let selection: InjectionSelection
  private let filters: [Glob]
  private let skipped: [Glob]

  init(_ selection: InjectionSelection) {
    self.selection = selection
    filters = selection.filters.map(Glob.init(containing:))
    skipped = selection.skipped.map(Glob.init(containing:))
  }

  func includes(_ cell: Cell) -> Bool {
    guard let injection = cell.injection else { return false }
    return (selection.mechanisms.isEmpty || selection.mechanisms.contains(cell.mechanism))
      && (selection.languages.isEmpty || cell.pairing.contains { selection.languages.contains($0.language) })
      && selection.includes(cell.pairing)
      && (selection.operations.isEmpty || injection.operation.map(selection.operations.contains) == true)
      && (selection.faults.isEmpty || selection.faults.contains(injection.fault))
      && (filters.isEmpty || filters.contains { $0.matches(cell.id) })
      && !skipped.contains { $0.matches(cell.id) }
      && (selection.cells?.contains(cell.id) ?? true)
  }
}
