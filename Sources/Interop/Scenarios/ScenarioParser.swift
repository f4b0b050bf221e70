import Yams

/// Reads one scenario of a file into as many values as it has rows of parameters.
struct ScenarioParser {
  let document: Document
  let vocabulary: Vocabulary

  static let keys = [
    "id", "title", "spec", "level", "roles", "programs", "as", "pin", "steps", "needs", "with", "pairings",
    "negative-control",
  ]

  private var log: MistakeLog { document.log }

  func parse(_ node: Node) -> [Scenario] {
    guard let keys = document.map(node, "a scenario", keys: Self.keys) else { return [] }
    for key in ["id", "title", "spec", "level", "steps"] where keys[key] == nil {
      document.mistake(node, "the scenario has no '\(key)'")
    }
    if keys["roles"] == nil, keys["programs"] == nil {
      document.mistake(node, "the scenario has neither 'roles' nor 'programs'")
    }
    if let id = keys["id"].flatMap({ document.text($0, for: "an id") }) { checkID(id) }
    let rows = ParameterTable(document: document).rows(keys["with"])
    let mistakesBefore = log.count
    let scenarios = rows.map { scenario($0, keys, node) }
    if log.count == mistakesBefore { checkUse(of: rows.first?.names ?? [], in: keys) }
    return scenarios
  }

  private func scenario(_ row: ParameterRow, _ keys: [String: Node], _ node: Node) -> Scenario {
    func text(_ key: String) -> String {
      keys[key].flatMap { document.text($0, for: "'\(key)'") }.map { row.filling($0, log: log).text } ?? ""
    }
    func fill(_ source: SourceText, _ number: String?) -> SourceText {
      (number.map { row.with("number", $0) } ?? row).filling(source, log: log)
    }
    var templates = TemplateParser(roles: [], parameters: row.names, log: log)
    let roles = RoleParser(document: document) { fill($0, nil) }.parse(keys, templates: templates)
    templates.roles = roles.map(\.name)
    let pairings = choice(keys["pairings"], "a rule of pairings", Scenario.PairingRule.self) ?? .all
    let free = roles.count { $0.language == nil }
    if pairings == .all, free > RoleParser.mostOfAllLanguages {
      document.mistake(
        keys["roles"] ?? keys["programs"] ?? node,
        "\(free) roles would each have every language in turn, and at most \(RoleParser.mostOfAllLanguages) may: add 'pairings: mixed'"
      )
    }
    let mistakesBefore = log.count
    var steps: [Step] = []
    // Without roles, every step would be wrong.
    if let stepsNode = keys["steps"], !roles.isEmpty {
      var parser = StepParser(
        document: document, vocabulary: vocabulary, roles: roles, templates: templates, fill: fill)
      steps = parser.parse(stepsNode)
      if steps.isEmpty, case .sequence = stepsNode { document.mistake(stepsNode, "the scenario has no step") }
    }
    // A script with a slip in it is not followed further: what seems to be missing may be in the line that was not read.
    if log.count == mistakesBefore {
      let place = document.location(of: keys["roles"] ?? keys["programs"] ?? node)
      ScriptCheck.run(steps, roles: roles, place: place, log: log)
    }
    var needs = needs(keys["needs"])
    if roles.contains(where: \.isAnotherUser), !needs.contains(.anotherUser) { needs.append(.anotherUser) }
    return Scenario(
      id: text("id"), title: text("title"), spec: text("spec"),
      level: choice(keys["level"], "a level", Scenario.Level.self) ?? .must,
      roles: roles, steps: steps, needs: needs, parameters: row.parameters,
      pairings: pairings, isNegativeControl: document.isTrue(keys["negative-control"], "negative-control"),
      location: document.location(of: node))
  }

  /// An id begins with the name of its file, so that whoever reads a verdict knows where to look.
  private func checkID(_ id: SourceText) {
    let file = document.file.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? ""
    let parts = id.text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == file, !parts[1].isEmpty,
      id.text.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789-/".utf8.contains($0) })
    else {
      log.add(
        id.location, "an id in this file is '\(file)/' and a name of small letters, digits and dashes, not '\(id.text)'"
      )
      return
    }
  }

  /// A parameter that nothing mentions would only run the same cell again.
  private func checkUse(of names: [String], in keys: [String: Node]) {
    guard let table = keys["with"], !names.isEmpty else { return }
    var mentioned: Set<String> = []
    func visit(_ node: Node) {
      switch node {
      case .scalar(let scalar):
        for part in scalar.string.split(separator: "{", omittingEmptySubsequences: false).dropFirst() {
          if let formula = Formula(String(part.prefix { $0 != "}" })) { mentioned.formUnion(formula.names) }
        }
      case .mapping(let mapping): for (key, value) in mapping { visit(key); visit(value) }
      case .sequence(let sequence): sequence.forEach(visit)
      case .alias: break
      }
    }
    for (key, node) in keys where key != "with" { visit(node) }
    for name in names where !mentioned.contains(name) {
      document.mistake(table, "nothing mentions the parameter '\(name)'")
    }
  }

  private func needs(_ node: Node?) -> [Scenario.Need] {
    guard let node else { return [] }
    return document.list(node, of: "needs").compactMap { choice($0, "a need", Scenario.Need.self) }
  }

  private func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ node: Node?, _ what: String, _: Choice.Type
  ) -> Choice? {
    guard let node, let source = document.text(node, for: what) else { return nil }
    if let choice = Choice(rawValue: source.text) { return choice }
    let words = Choice.allCases.map(\.rawValue)
    let clause = Suggestion.clause(for: source.text, among: words)
    log.add(source.location, "'\(Document.abbreviated(source.text))' is not \(what)\(clause)")
    return nil
  }
}
