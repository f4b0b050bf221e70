extension MechanismGuide {
  static let file = "fixtures/mechanisms.yaml"

  /// Reads `fixtures/mechanisms.yaml`.
  ///
  /// It is an error if a mechanism is unknown, or if a scenario does not belong to exactly one pitfall.
  static func load(root: String, operations: OperationRegistry, pitfalls: [PitfallGroup], log: DiagnosticLog)
    -> MechanismGuide
  {
    let known = Set(operations.mechanisms)
    let requirements = Self.requirements(pitfalls)
    return FixtureFile(at: "\(root)/\(file)", as: file, log: log).map {
      parse($0, mechanisms: known, requirements: requirements, log: log)
    } ?? MechanismGuide(needs: [], mechanisms: [])
  }

  /// Returns, for each scenario, the requirements whose violation the scenario detects.
  static func requirements(_ groups: [PitfallGroup]) -> [String: [String]] {
    groups.flatMap(\.pitfalls).reduce(into: [:]) { requirements, pitfall in
      for scenario in pitfall.scenarios { requirements[scenario, default: []].append(pitfall.requirement) }
    }
  }

  static func parse(
    _ source: FixtureFile, mechanisms known: Set<String>, requirements: [String: [String]], log: DiagnosticLog
  ) -> MechanismGuide {
    let keys = ["needs", "mechanisms"]
    guard let document = FixtureDocument(source, log: log),
      let facts = document.root.map("the guide", keys: keys, required: keys)
    else { return MechanismGuide(needs: [], mechanisms: []) }
    let values = facts["needs"]?.nonEmptyList("needs") ?? []
    var needs: [NeedFacts] = []
    for value in values {
      guard let facts = NeedFacts(value) else { continue }
      if needs.contains(where: { $0.need == facts.need }) {
        value.report("'\(facts.need.rawValue)' is described twice")
      }
      needs.append(facts)
    }
    for need in Need.allCases where !needs.contains(where: { $0.need == need }) {
      facts["needs"]?.report("the need '\(need.rawValue)' is missing")
    }
    let entries = facts["mechanisms"]?.nonEmptyList("mechanisms") ?? []
    var mechanisms: [MechanismFacts] = []
    for value in entries {
      guard let facts = MechanismFacts(value, known: known, requirements: requirements) else { continue }
      if mechanisms.contains(where: { $0.id == facts.id }) { value.report("'\(facts.id)' is described twice") }
      mechanisms.append(facts)
    }
    return MechanismGuide(needs: needs, mechanisms: mechanisms)
  }
}

extension NeedFacts {
  fileprivate init?(_ value: FixtureDocument.Value) {
    let keys = ["need", "for", "from", "otherwise", "because"]
    guard let facts = value.map("a need", keys: keys, required: keys.filter { $0 != "from" }),
      let need = facts["need"]?.choice("a need", Need.self),
      let level = facts["otherwise"]?.choice("a level", Fitness.Level.self),
      let reason = facts["because"]?.text("'because'")
    else { return nil }
    let threshold = facts["from"]?.number("'from'", in: 1...1_000_000_000)
    if (threshold != nil) != [.large, .fast].contains(need) {
      value.report("only 'large' and 'fast' have the key 'from'")
    }
    self.init(
      need: need,
      purposes: facts["for"]?.nonEmptyList("purposes").compactMap { $0.choice("a purpose", Purpose.self) } ?? [],
      threshold: threshold, otherwise: Fitness(level: level, reason: reason.text))
  }
}

extension MechanismFacts {
  fileprivate init?(_ value: FixtureDocument.Value, known: Set<String>, requirements: [String: [String]]) {
    let levels = Fitness.Level.allCases.map(\.rawValue)
    let required = ["mechanism", "name", "summary", "functions", "swift", "page", "watch"]
    let keys = required + ["purposes", "largest", "limited-by", "header", "examples", "measured-by"] + levels
    guard let facts = value.map("a mechanism", keys: keys, required: required),
      let id = facts["mechanism"].flatMap({ Self.mechanism($0, known: known) }),
      let name = facts["name"]?.text("'name'"), let summary = facts["summary"]?.text("'summary'"),
      let page = facts["page"]?.text("'page'")
    else { return nil }
    let limit = facts["largest"]?.number("'largest'", in: 1...1_000_000_000)
    let limitReason = facts["limited-by"]?.text("'limited-by'")
    if (limit == nil) != (limitReason == nil) {
      value.report("a mechanism has both 'largest' and 'limited-by', or none")
    }
    var fitness: [Need: Fitness] = [:]
    for level in Fitness.Level.allCases {
      for (key, reason) in facts[level.rawValue]?.map("'\(level.rawValue)'") ?? [] {
        guard let need = Self.need(key, value) else { continue }
        if fitness[need] != nil { value.log.add(key.location, "'\(key.text)' has two levels; keep one") }
        fitness[need] = Fitness(level, reason, known: known)
      }
    }
    var benchmarks: [Need: String] = [:]
    for (key, id) in facts["measured-by"]?.map("'measured-by'") ?? [] {
      if let need = Self.need(key, value) { benchmarks[need] = id.text("a benchmark")?.text }
    }
    self.init(
      id: id, name: name.text, summary: summary.text,
      purposes: facts["purposes"]?.nonEmptyList("purposes").compactMap { $0.choice("a purpose", Purpose.self) } ?? [],
      fitness: fitness, limit: limit.map { ($0, limitReason?.text ?? "") },
      functions: facts["functions"]?.texts("functions") ?? [], header: facts["header"]?.text("'header'")?.text,
      types: facts["swift"]?.texts("types") ?? [], page: page.text,
      examples: facts["examples"]?.texts("examples") ?? [],
      warnings: facts["watch"]?.nonEmptyList("scenarios").compactMap { Self.warning($0, requirements) } ?? [],
      benchmarks: benchmarks)
  }

  /// Returns the need with the name `key`; reports an error if there is none.
  private static func need(_ key: SourceText, _ value: FixtureDocument.Value) -> Need? {
    if let need = Need(rawValue: key.text) { return need }
    let clause = Suggestion.clause(for: key.text, among: Need.allCases.map(\.rawValue))
    value.log.add(key.location, "'\(abbreviated(key.text))' is not a need\(clause)")
    return nil
  }

  /// Returns the id of a mechanism; reports an error unless scenarios use it.
  fileprivate static func mechanism(_ value: FixtureDocument.Value, known: Set<String>) -> String? {
    guard let name = value.text("a mechanism") else { return nil }
    if known.contains(name.text) { return name.text }
    let clause = Suggestion.clause(for: name.text, among: known)
    value.log.add(name.location, "there is no mechanism '\(abbreviated(name.text))'\(clause)")
    return nil
  }

  /// Returns the requirement whose violation a scenario detects.
  private static func warning(_ value: FixtureDocument.Value, _ requirements: [String: [String]]) -> String? {
    guard let scenario = value.text("the id of a scenario") else { return nil }
    let found = requirements[scenario.text] ?? []
    if found.count == 1 { return found[0] }
    let reason =
      found.isEmpty
      ? "no pitfall names '\(scenario.text)'\(Suggestion.nearestClause(for: scenario.text, among: requirements.keys))"
      : "\(found.count) pitfalls name '\(scenario.text)'; choose a scenario of one"
    value.log.add(scenario.location, reason)
    return nil
  }
}

extension Fitness {
  /// Creates a fitness from a reason, or from a map with a reason and an additional mechanism.
  fileprivate init?(_ level: Level, _ value: FixtureDocument.Value, known: Set<String>) {
    guard value.isMap else {
      guard let reason = value.text("a reason") else { return nil }
      self.init(level: level, reason: reason.text)
      return
    }
    let keys = ["with", "because"]
    guard let facts = value.map("a reason", keys: keys, required: keys),
      let reason = facts["because"]?.text("'because'"),
      let addition = facts["with"].flatMap({ MechanismFacts.mechanism($0, known: known) })
    else { return nil }
    if level == .lacks { value.report("'lacks' has no addition") }
    self.init(level: level, reason: reason.text, addition: addition)
  }
}
