/// The rule that limits the number of pairings when there are many languages.
public enum PairingStrategy: Sendable {
  /// Every pairing that the scenarios allow.
  case all
  /// In every scenario, each language with the reference and with itself; in every mechanism, each other pair of
  /// languages at least once; and the pairings that the user has specified.
  case covering(named: [[String]])

  /// The names that `--pairing` accepts.
  public enum Name: String, Sendable, CaseIterable { case all, covering }

  /// The maximum number of languages for which all pairings are run by default.
  ///
  /// With three languages, a scenario with four roles has 81 pairings; with ten languages, it has 10,000.
  private static let maximumForAll = 3

  init(_ configuration: RunConfiguration) {
    let isLarge = configuration.peers.peers.count > Self.maximumForAll
    switch configuration.pairing ?? (isLarge ? .covering : .all) {
    case .all: self = .all
    case .covering: self = .covering(named: configuration.selection.pairs)
    }
  }

  /// Whether the plan depends on what the peers can run.
  var needsPeers: Bool { if case .covering = self { true } else { false } }

  /// The notes for the report.
  var notes: [String] {
    switch self {
    case .all: []
    case .covering:
      [
        "pairings: each language with the reference and with itself in every scenario, and each other pair in at least "
          + "one scenario of every mechanism (--pairing all runs all of them)"
      ]
    }
  }

  /// Returns the language pairs that each scenario covers; nil for all pairings.
  ///
  /// `languages` contains the languages that can take part in each scenario; `canRun` returns whether a cell can run.
  func coverage(
    of scenarios: [Scenario], languages: [[String]], reference: String, canRun: (Scenario, Pairing) -> Bool
  ) -> PairCoverage? {
    switch self {
    case .all: nil
    case .covering(let named):
      PairCoverage(scenarios, languages: languages, reference: reference, named: named, canRun: canRun)
    }
  }
}

/// The language pairs that each mechanism's scenarios cover together.
struct PairCoverage {
  private let reference: String
  private let named: [[String]]
  /// The pairs without the reference that each scenario covers, by the scenario's index.
  private let assigned: [[[String]]]

  /// Assigns each pair to the scenario with the fewest pairs so far, among the scenarios that the pair can run.
  ///
  /// If a pair can run none of a mechanism's scenarios, it is still assigned to one of them, so that the report
  /// contains the reason.
  init(
    _ scenarios: [Scenario], languages: [[String]], reference: String, named: [[String]],
    canRun: (Scenario, Pairing) -> Bool
  ) {
    self.reference = reference
    self.named = named
    var assigned = Array(repeating: [[String]](), count: scenarios.count)
    let wide = scenarios.indices.filter { Pairing.freeRoles(of: scenarios[$0]).count > 1 }
    for members in Dictionary(grouping: wide, by: { scenarios[$0].mechanism }).values {
      let others = members.flatMap { languages[$0] }.filter { $0 != reference }.withoutDuplicates
      for pair in others.flatMap({ first in others.filter { $0 != first }.map { [first, $0] } }) {
        // Sorting by index as well makes the plan the same on every machine.
        let candidates = members.filter { languages[$0].contains(pair[0]) && languages[$0].contains(pair[1]) }
          .sorted { (assigned[$0].count, $0) < (assigned[$1].count, $1) }
        let able = candidates.first { index in
          let free = Pairing.freeRoles(of: scenarios[index])
          return canRun(scenarios[index], Self.repeated(pair, over: free, scenarios[index]))
        }
        if let index = able ?? candidates.first { assigned[index].append(pair) }
      }
    }
    self.assigned = assigned
  }

  /// Returns the pairings for the scenario at `index`, starting with the control cell's pairing.
  func pairings(of scenario: Scenario, at index: Int, languages: [String]) -> [Pairing] {
    var found: [Pairing] = []
    var known: Set<Pairing> = []
    func add(_ pairings: [Pairing]) {
      for pairing in pairings where known.insert(pairing).inserted { found.append(pairing) }
    }
    let others = languages.filter { $0 != reference }
    if others.isEmpty { add(Pairing.all(of: scenario, languages: languages)) }
    let free = Pairing.freeRoles(of: scenario)
    for other in others {
      let pair = languages.contains(reference) ? [reference, other] : [other]
      // With many roles, there are too many ways to assign two languages to them.
      if free.count > 2 {
        add(Pairing.mixtures(pair, of: free.count).map { Pairing($0, to: free, of: scenario) })
      } else {
        add(Pairing.all(of: scenario, languages: pair))
      }
    }
    guard free.count > 1 else { return found }
    let more = named.filter { pair in !pair.contains("*") && pair.allSatisfy(languages.contains) }
    add((assigned[index] + more).map { Self.repeated($0, over: free, scenario) })
    return found
  }

  private static func repeated(_ pair: [String], over free: [Int], _ scenario: Scenario) -> Pairing {
    Pairing(free.indices.map { pair[$0 % pair.count] }, to: free, of: scenario)
  }
}
