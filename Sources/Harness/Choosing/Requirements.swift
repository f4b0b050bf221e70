/// A user's needs: the answers to the questions.
public struct Requirements: Sendable, Equatable {
  /// The reason why the processes communicate; nil if not stated.
  public var purpose: Purpose?
  /// The stated needs.
  public var needs: Set<Need>
  /// Whether single messages may be lost.
  public var lossAllowed: Bool
  /// The size of the largest message in bytes.
  public var size: Int?
  /// The number of messages per second.
  public var rate: Int?
  /// A C function that the existing program calls.
  public var function: String?

  /// Creates requirements.
  public init(
    purpose: Purpose? = nil, needs: Set<Need> = [], lossAllowed: Bool = false, size: Int? = nil, rate: Int? = nil,
    function: String? = nil
  ) {
    self.purpose = purpose
    self.needs = needs
    self.lossAllowed = lossAllowed
    self.size = size
    self.rate = rate
    self.function = function
  }
}

/// A contradiction in requirements.
public struct RequirementError: Error, CustomStringConvertible {
  /// The contradiction, and how to resolve it.
  public let description: String

  /// Creates an error.
  public init(description: String) { self.description = description }
}

extension MechanismGuide {
  /// Returns the mechanisms that meet these requirements, best first, and the excluded mechanisms.
  ///
  /// - Throws: A `RequirementError` if the requirements contradict each other.
  public func recommendation(for requirements: Requirements, costs: MechanismCosts? = nil) throws(RequirementError)
    -> Recommendation
  {
    for (one, other) in Need.contradictions where requirements.needs.isSuperset(of: [one, other]) {
      throw RequirementError(
        description: "--\(one.rawValue) and --\(other.rawValue) exclude each other; leave out one of them")
    }
    // By default, the purpose is a transfer. If the requirements name an existing program's function, no purpose is
    // assumed, because such a program may use a mechanism for any purpose.
    let purpose = requirements.purpose ?? (requirements.function == nil ? .transfer : nil)
    let asked = try needs(of: requirements, for: purpose)
    let candidates = try candidates(for: requirements, purpose)
    var choices: [Recommendation.Choice] = []
    var excluded: [Recommendation.Exclusion] = []
    for mechanism in candidates {
      var reasons: [Recommendation.Reason] = []
      var obstacles: [String] = []
      for facts in asked {
        let fitness = mechanism.fitness[facts.need] ?? facts.otherwise
        if fitness.level == .lacks { obstacles.append(fitness.reason) }
        reasons.append(Recommendation.Reason(need: facts.need, fitness: fitness))
      }
      if let limit = mechanism.limit, let size = requirements.size, size > limit.size {
        obstacles.append("A message of \(size) bytes is too large: \(limit.reason).")
      }
      let cost = costs?.cost(of: mechanism, for: requirements)
      if let rate = requirements.rate, let measured = cost?.messagesPerSecond, measured < Double(rate) {
        obstacles.append("It transferred \(Int(measured)) messages per second here, not the required \(rate).")
      }
      if obstacles.isEmpty {
        choices.append(choice(mechanism, reasons, cost: cost))
      } else {
        excluded.append(Recommendation.Exclusion(mechanism: mechanism.id, name: mechanism.name, reasons: obstacles))
      }
    }
    // A stable sort keeps the file's order of preference.
    let ranked = choices.enumerated().sorted {
      ($1.element.score, $0.element.additions.count, $0.offset) < (
        $0.element.score, $1.element.additions.count, $1.offset
      )
    }.map(\.element)
    // Mechanisms with the fewest obstacles come first.
    let nearest = excluded.enumerated().sorted {
      ($0.element.reasons.count, $0.offset) < ($1.element.reasons.count, $1.offset)
    }.map(\.element)
    return Recommendation(choices: ranked, excluded: nearest, costsFrom: costs?.source)
  }

  /// Returns the facts about the stated needs, and about the needs that follow from the size and the rate.
  private func needs(of requirements: Requirements, for purpose: Purpose?) throws(RequirementError) -> [NeedFacts] {
    var result: [NeedFacts] = []
    for facts in needs {
      let isPossible = purpose.map { facts.purposes.contains($0) } ?? true
      let isAsked =
        switch facts.need {
        case .large: (requirements.size ?? 0) >= facts.threshold ?? .max
        case .fast: (requirements.rate ?? 0) >= facts.threshold ?? .max
        case .reliable: !requirements.lossAllowed
        default: requirements.needs.contains(facts.need)
        }
      if isAsked, isPossible { result.append(facts) }
      if isAsked, !isPossible, requirements.needs.contains(facts.need), let purpose {
        let possible = facts.purposes.map(\.rawValue).joined(separator: ", ")
        throw RequirementError(
          description: "--\(facts.need.rawValue) is for the purposes \(possible), not for \(purpose.rawValue)")
      }
    }
    return result
  }

  /// Returns the mechanisms that fit the purpose and that contain the existing program's function.
  private func candidates(for requirements: Requirements, _ purpose: Purpose?) throws(RequirementError)
    -> [MechanismFacts]
  {
    var found = mechanisms
    if let function = requirements.function {
      found = found.filter { $0.functions.contains(function) }
      if found.isEmpty {
        let known = Set(mechanisms.flatMap(\.functions))
        let clause = Suggestion.nearestClause(for: function, among: known)
        throw RequirementError(description: "no mechanism has the C function '\(function)'\(clause)")
      }
    }
    guard let purpose else { return found }
    return found.filter { $0.purposes.contains(purpose) }
  }

  private func choice(_ facts: MechanismFacts, _ reasons: [Recommendation.Reason], cost: MechanismCosts.Cost?)
    -> Recommendation.Choice
  {
    var additions: [MechanismFacts] = []
    for reason in reasons {
      guard let id = reason.fitness.addition, !additions.contains(where: { $0.id == id }) else { continue }
      if let addition = mechanism(id) { additions.append(addition) }
    }
    return Recommendation.Choice(facts: facts, reasons: reasons, additions: additions, cost: cost)
  }
}
