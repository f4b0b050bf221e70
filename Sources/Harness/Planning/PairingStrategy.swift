/// The rule that keeps the number of pairings affordable if there are many languages.
public enum PairingStrategy: Sendable {
  /// Every pairing that the scenarios allow.
  case all
  /// Each language with the reference and with itself in every scenario, and each other pair of languages at least once in
  /// every mechanism; also the pairings that the user names.
  case covering(named: [[String]])

  /// The names that `--pairing` accepts.
  public enum Name: String, Sendable, CaseIterable { case all, covering }

  /// The largest number of languages for which all pairings are run by default.
  ///
  /// A scenario with four roles has 81 pairings of three languages, and 10,000 of ten.
  private static let maximumForAll = 3

  init(_ configuration: RunConfiguration) {
    let isLarge = configuration.peers.peers.count > Self.maximumForAll
    switch configuration.pairing ?? (isLarge ? .covering : .all) {
    case .all: self = .all
    case .covering: self = .covering(named: configuration.selection.pairs)
    }
  }

  /// The remarks for the report.
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

  /// Returns the state from which the pairings of the scenarios are computed in order; nil for all pairings.
  func coverage(of scenarios: [Scenario], reference: String) -> PairCoverage? {
    switch self {
    case .all: nil
    case .covering(let named): PairCoverage(scenarios, reference: reference, named: named)
    }
  }
}

/// The pairs of languages that the scenarios of a mechanism still have to cover.
struct PairCoverage {
  private let reference: String
  private let named: [[String]]
  /// The number of scenarios with two or more roles, by mechanism.
  private let scenarios: [String: Int]
  /// How many pairs have been assigned, by mechanism.
  private var assigned: [String: Int] = [:]

  init(_ scenarios: [Scenario], reference: String, named: [[String]]) {
    self.reference = reference
    self.named = named
    self.scenarios = Dictionary(
      scenarios.filter { Pairing.freeRoles(of: $0).count > 1 }.map { ($0.mechanism, 1) }, uniquingKeysWith: +)
  }

  /// Returns the pairings of the next scenario; that of the control cell is the first.
  mutating func pairings(of scenario: Scenario, languages: [String]) -> [Pairing] {
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
      // Scenarios with many roles have too many assignments of two languages.
      if free.count > 2 {
        add(Pairing.mixtures(pair, of: free.count).map { Pairing($0, to: free, of: scenario) })
      } else {
        add(Pairing.all(of: scenario, languages: pair))
      }
    }
    guard free.count > 1 else { return found }
    let pairs = others.flatMap { first in others.filter { $0 != first }.map { [first, $0] } }
    add(nextPairs(pairs, of: scenario.mechanism).map { Self.repeated($0, over: free, scenario) })
    for pair in named where !pair.contains("*") && pair.allSatisfy(languages.contains) {
      add([Self.repeated(pair, over: free, scenario)])
    }
    return found
  }

  /// Returns as many pairs as each scenario of a mechanism must have, so that all of them cover every pair.
  private mutating func nextPairs(_ pairs: [[String]], of mechanism: String) -> [[String]] {
    guard !pairs.isEmpty, let count = scenarios[mechanism] else { return [] }
    let share = (pairs.count + count - 1) / count
    let start = assigned[mechanism, default: 0]
    assigned[mechanism] = start + share
    return (start..<start + share).map { pairs[$0 % pairs.count] }
  }

  private static func repeated(_ pair: [String], over free: [Int], _ scenario: Scenario) -> Pairing {
    Pairing(free.indices.map { pair[$0 % pair.count] }, to: free, of: scenario)
  }
}
