/// Pitfalls of one family of calls.
public struct PitfallGroup: Sendable, Encodable {
  let title: String
  let pitfalls: [Pitfall]

  /// With those scenarios alone that are wanted; nil when nothing is left.
  func keeping(_ isWanted: (String) -> Bool) -> PitfallGroup? {
    let kept = pitfalls.compactMap { pitfall in
      let scenarios = pitfall.scenarios.filter(isWanted)
      return scenarios.isEmpty ? nil : Pitfall(demand: pitfall.demand, scenarios: scenarios)
    }
    return kept.isEmpty ? nil : PitfallGroup(title: title, pitfalls: kept)
  }
}

/// What a binding to system calls easily gets wrong, said as what is right.
public struct Pitfall: Sendable, Encodable {
  let demand: String
  /// The ids of the scenarios in which who gets it wrong fails: at least one.
  let scenarios: [String]
}
