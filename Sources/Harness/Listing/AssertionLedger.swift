/// The assertions in public test suites, the scenarios that test them, and the mechanisms without scenarios.
public struct AssertionLedger: Sendable {
  let suites: [AssertionSuite]
  let mechanisms: [LeftOutMechanism]
}

/// The assertions in one suite, by function or file.
struct AssertionSuite: Sendable {
  let name: String
  let title: String
  /// The number of assertions that must be covered.
  let floor: Int
  let groups: [Group]

  struct Group: Sendable {
    let title: String
    let assertions: [Assertion]
  }

  var assertions: [Assertion] { groups.flatMap(\.assertions) }

  func count(_ isWanted: (Assertion) -> Bool) -> Int { assertions.count(where: isWanted) }
}

/// A requirement that a public suite tests.
struct Assertion: Sendable {
  let id: String
  /// The requirement, in this project's words.
  let requirement: String
  /// How likely a port is to violate the requirement; nil if scenarios already tested it when the suites were compared.
  let risk: Risk?
  /// The ids of the scenarios that test the assertion.
  let scenarios: [String]
  let coverage: Coverage

  enum Risk: String, Sendable, CaseIterable { case high, medium, low }

  enum Coverage: Sendable, Equatable {
    case covered
    /// The scenarios test everything that an operation can express.
    case expressiblePart(reason: String)
    /// The scenarios test only part of the assertion.
    case partial(reason: String)
    case leftOut(reason: String)
    /// No reasonable operation could express the assertion, and a port built on a typed library cannot violate it.
    case notExpressible(reason: String)
    /// The assertion does not apply to a peer, for example because the behavior is undefined.
    case notApplicable(reason: String)

    var kind: Kind {
      switch self {
      case .covered: .covered
      case .expressiblePart: .expressiblePart
      case .partial: .partial
      case .leftOut: .leftOut
      case .notExpressible: .notExpressible
      case .notApplicable: .notApplicable
      }
    }
  }

  enum Kind: Sendable, CaseIterable { case covered, expressiblePart, partial, leftOut, notExpressible, notApplicable }
}

/// A mechanism, or a group of calls, that has no scenarios.
struct LeftOutMechanism: Sendable {
  let name: String
  let calls: String
  let needed: Need
  let reason: String

  /// How often ports need the mechanism.
  enum Need: String, Sendable, CaseIterable { case yes, sometimes, rarely, no }
}

extension AssertionLedger {
  static let file = "fixtures/assertions.yaml"

  /// Reads `fixtures/assertions.yaml`.
  ///
  /// It is an error if a scenario is unknown, or if a suite has fewer covered assertions than it must have.
  static func load(root: String, scenarios: [Scenario], log: DiagnosticLog) -> AssertionLedger {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map {
      parse($0, known: Set(scenarios.map(\.id)), log: log)
    } ?? AssertionLedger(suites: [], mechanisms: [])
  }

  static func parse(_ source: FixtureFile, known: Set<String>, log: DiagnosticLog) -> AssertionLedger {
    let keys = ["suites", "mechanisms"]
    guard let document = FixtureDocument(source, log: log),
      let facts = document.root.map("the ledger", keys: keys, required: keys)
    else { return AssertionLedger(suites: [], mechanisms: []) }
    return AssertionLedger(
      suites: facts["suites"]?.nonEmptyList("suites").compactMap { AssertionSuite($0, known: known) } ?? [],
      mechanisms: facts["mechanisms"]?.list("mechanisms").compactMap { LeftOutMechanism($0) } ?? [])
  }
}

extension AssertionSuite {
  fileprivate init?(_ value: FixtureDocument.Value, known: Set<String>) {
    let keys = ["suite", "title", "at-least", "groups"]
    guard let facts = value.map("a suite", keys: keys, required: keys), let name = facts["suite"]?.text("'suite'"),
      let title = facts["title"]?.text("'title'"), let floor = facts["at-least"]?.number("'at-least'", in: 0...100_000)
    else { return nil }
    let groups = facts["groups"]?.nonEmptyList("groups").compactMap { Group($0, known: known) } ?? []
    self.init(name: name.text, title: title.text, floor: floor, groups: groups)
    let covered = count { $0.coverage == .covered }
    if covered < floor {
      facts["at-least"]?.report("\(self.name) has \(counted(covered, "covered assertion")), at least \(floor) expected")
    }
  }
}

extension AssertionSuite.Group {
  fileprivate init?(_ value: FixtureDocument.Value, known: Set<String>) {
    let keys = ["group", "assertions"]
    guard let facts = value.map("a group", keys: keys, required: keys), let title = facts["group"]?.text("'group'")
    else { return nil }
    let values = facts["assertions"]?.nonEmptyList("assertions") ?? []
    var ids: Set<String> = []
    let assertions = values.compactMap { value -> Assertion? in
      guard let assertion = Assertion(value, known: known) else { return nil }
      if !ids.insert(assertion.id).inserted { value.report("the group has two assertions '\(assertion.id)'") }
      return assertion
    }
    self.init(title: title.text, assertions: assertions)
  }
}

extension Assertion {
  fileprivate init?(_ value: FixtureDocument.Value, known: Set<String>) {
    let keys = ["id", "asks", "risk", "scenarios", "left-out", "not-expressible", "not-applicable"]
    guard let facts = value.map("an assertion", keys: keys, required: ["id", "asks"]),
      let id = facts["id"]?.text("'id'"), let requirement = facts["asks"]?.text("'asks'")
    else { return nil }
    let risk = facts["risk"]?.choice("a risk", Risk.self)
    let scenarios = facts["scenarios"]?.nonEmptyList("scenarios").compactMap { $0.text("the id of a scenario") } ?? []
    for name in scenarios where !known.contains(name.text) {
      value.log.add(
        name.location, "there is no scenario '\(name.text)'\(Suggestion.nearestClause(for: name.text, among: known))")
    }
    let leftOut = facts["left-out"]?.text("'left-out'")?.text
    let notExpressible = facts["not-expressible"]?.text("'not-expressible'")?.text
    let notApplicable = facts["not-applicable"]?.text("'not-applicable'")?.text
    let coverage: Coverage
    switch (facts["scenarios"] != nil, leftOut, notExpressible, notApplicable) {
    case (true, nil, nil, nil): coverage = .covered
    case (true, let reason?, nil, nil): coverage = .partial(reason: reason)
    case (true, nil, let reason?, nil): coverage = .expressiblePart(reason: reason)
    case (false, let reason?, nil, nil): coverage = .leftOut(reason: reason)
    case (false, nil, let reason?, nil): coverage = .notExpressible(reason: reason)
    case (false, nil, nil, let reason?): coverage = .notApplicable(reason: reason)
    default:
      value.report("an assertion has 'scenarios', and 'left-out' or 'not-expressible'; or 'not-applicable' alone")
      return nil
    }
    if leftOut ?? notExpressible != nil, facts["risk"] == nil {
      value.report("an assertion that is not covered must have the key 'risk'")
    }
    self.init(
      id: id.text, requirement: requirement.text, risk: risk, scenarios: scenarios.map(\.text), coverage: coverage)
  }
}

extension LeftOutMechanism {
  fileprivate init?(_ value: FixtureDocument.Value) {
    let keys = ["mechanism", "calls", "needed", "because"]
    guard let facts = value.map("a mechanism", keys: keys, required: keys),
      let name = facts["mechanism"]?.text("'mechanism'"), let calls = facts["calls"]?.text("'calls'"),
      let needed = facts["needed"]?.choice("a need", Need.self), let reason = facts["because"]?.text("'because'")
    else { return nil }
    self.init(name: name.text, calls: calls.text, needed: needed, reason: reason.text)
  }
}
