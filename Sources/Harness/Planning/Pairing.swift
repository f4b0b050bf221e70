/// One assignment of languages to a scenario's roles.
struct Pairing: Sendable, Hashable {
  /// One language per role, in role order.
  let languages: [String]

  /// The pairing as it appears in a cell id, including pinned roles: `c>swift`.
  ///
  /// In a user's project, the name of the suite's reference peer is omitted, because that peer is the same in every
  /// cell.
  var description: String {
    let own = languages.filter { $0 != PeerList.referencePeer }
    return (own.isEmpty ? languages : own).joined(separator: ">")
  }

  /// Returns the pairings that the rule in `scenario` allows, starting with the control cell's pairing.
  static func all(of scenario: Scenario, languages: [String]) -> [Pairing] {
    let free = freeRoles(of: scenario)
    let assignments =
      switch scenario.pairings {
      case .all: combinations(languages, of: free.count)
      case .mixed: mixtures(languages, of: free.count)
      }
    return assignments.map { Pairing($0, to: free, of: scenario) }
  }

  /// Returns the indices of the roles that any language can play.
  static func freeRoles(of scenario: Scenario) -> [Int] {
    scenario.roles.indices.filter { scenario.roles[$0].language == nil }
  }

  init(languages: [String]) { self.languages = languages }

  /// Creates the pairing that assigns the given languages to a scenario's free roles.
  init(_ assignment: [String], to free: [Int], of scenario: Scenario) {
    var all = scenario.roles.map { $0.language ?? "" }
    for (index, language) in zip(free, assignment) { all[index] = language }
    languages = all
  }

  private static func combinations(_ languages: [String], of count: Int) -> [[String]] {
    (0..<count).reduce([[]]) { partial, _ in partial.flatMap { head in languages.map { head + [$0] } } }
  }

  /// Returns pairings in which each language in turn plays the first role.
  ///
  /// The other roles are all played by one language, or alternately by all languages.
  static func mixtures(_ languages: [String], of count: Int) -> [[String]] {
    guard count > 0 else { return [[]] }
    var rests = languages.map { Array(repeating: $0, count: count - 1) }
    if languages.count > 1, count > 2 {
      rests.append((0..<count - 1).map { languages[$0 % languages.count] })
    }
    return languages.flatMap { first in rests.map { [first] + $0 } }
  }
}
