/// The pitfalls in one family of calls.
public struct PitfallGroup: Sendable, Encodable {
  let title: String
  let pitfalls: [Pitfall]

  /// Returns the group with only the scenarios that satisfy `isWanted`; nil if no pitfall has such a scenario.
  func keeping(_ isWanted: (String) -> Bool) -> PitfallGroup? {
    let kept = pitfalls.compactMap { pitfall in
      let scenarios = pitfall.scenarios.filter(isWanted)
      return scenarios.isEmpty ? nil : Pitfall(requirement: pitfall.requirement, scenarios: scenarios)
    }
    return kept.isEmpty ? nil : PitfallGroup(title: title, pitfalls: kept)
  }
}

/// A requirement that bindings often violate, and the scenarios that detect a violation.
public struct Pitfall: Sendable, Encodable {
  let requirement: String
  /// The ids of the scenarios that fail if the requirement is not met; never empty.
  let scenarios: [String]
}

extension PitfallGroup {
  static let file = "fixtures/pitfalls.yaml"

  /// Reads `fixtures/pitfalls.yaml`.
  ///
  /// It is an error if a scenario is unknown, or if a pitfall has no scenarios.
  static func load(root: String, scenarios: [Scenario], log: DiagnosticLog) -> [PitfallGroup] {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map {
      parse($0, known: Set(scenarios.map(\.id)), log: log)
    } ?? []
  }

  static func parse(_ source: FixtureFile, known: Set<String>, log: DiagnosticLog) -> [PitfallGroup] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    return document.root.nonEmptyList("groups").compactMap { group in
      let keys = ["group", "pitfalls"]
      guard let facts = group.map("a group", keys: keys, required: keys), let title = facts["group"]?.text("'group'")
      else { return nil }
      let pitfalls = facts["pitfalls"]?.nonEmptyList("pitfalls").compactMap { Pitfall($0, known: known) } ?? []
      return PitfallGroup(title: title.text, pitfalls: pitfalls)
    }
  }
}

extension Pitfall {
  fileprivate init?(_ value: FixtureDocument.Value, known: Set<String>) {
    let keys = ["requirement", "scenarios"]
    guard let facts = value.map("a pitfall", keys: keys, required: keys),
      let requirement = facts["requirement"]?.text("'requirement'")
    else { return nil }
    let names = facts["scenarios"]?.nonEmptyList("scenarios").compactMap { $0.text("the id of a scenario") } ?? []
    for name in names where !known.contains(name.text) {
      value.log.add(
        name.location, "there is no scenario '\(name.text)'\(Suggestion.nearestClause(for: name.text, among: known))")
    }
    self.init(requirement: requirement.text, scenarios: names.map(\.text))
  }
}
