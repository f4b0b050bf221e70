/// The mechanisms that meet the requirements, and the mechanisms that do not.
public struct Recommendation: Sendable {
  /// The suitable mechanisms, best first.
  let choices: [Choice]
  let excluded: [Exclusion]
  /// The file with the measured costs.
  let costsFrom: String?

  /// Whether at least one mechanism is suitable.
  public var hasChoice: Bool { !choices.isEmpty }

  /// A suitable mechanism.
  struct Choice: Sendable {
    let facts: MechanismFacts
    /// How the mechanism meets each stated need.
    let reasons: [Reason]
    /// The additional mechanisms that the program must use.
    let additions: [MechanismFacts]
    let cost: MechanismCosts.Cost?

    var score: Int { reasons.reduce(0) { $0 + $1.fitness.level.score } }

    /// The name with its additional mechanisms: `TCP with messages over a stream`.
    var title: String {
      additions.isEmpty ? facts.name : "\(facts.name) with \(additions.map(\.name).joined(separator: " and "))"
    }
  }

  /// How a mechanism meets a need.
  struct Reason: Sendable {
    let need: Need
    let fitness: Fitness
  }

  /// An unsuitable mechanism, with all reasons.
  struct Exclusion: Sendable, Encodable {
    let mechanism: String
    let name: String
    let reasons: [String]
  }
}
