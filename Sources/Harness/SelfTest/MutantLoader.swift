/// Reads `fixtures/mutants.yaml`.
enum MutantLoader {
  static let file = "fixtures/mutants.yaml"

  /// Reads the mutants for `languages`, each of which has a mutant build.
  ///
  /// Mutants that a scenario outside `scope` must catch are left out.
  static func load(
    root: String, scenarios: [Scenario], scope: LoadingScope = .everything, languages: [String], log: DiagnosticLog
  ) -> [Mutant] {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map {
      parse($0, scenarios: scenarios, scope: scope, languages: languages, log: log)
    } ?? []
  }

  /// Returns the mechanisms whose scenarios must catch the named peer mutants.
  ///
  /// Nil if there are no names, if a name is not a peer mutant, or if the file has errors.
  static func mechanisms(catching names: [String], root: String) -> Set<String>? {
    let log = DiagnosticLog()
    guard !names.isEmpty, let source = FixtureFile(at: "\(root)/\(file)", as: file, log: log),
      let document = FixtureDocument(source, log: log)
    else { return nil }
    var missing = Set(names)
    var mechanisms: Set<String> = []
    for value in document.root.nonEmptyList("mutants") {
      if let name = value["mutant"]?.text("'mutant'"), missing.remove(name.text) != nil {
        mechanisms.formUnion(MutantParser.mechanisms(value[MutantParser.catchersKey]))
      }
    }
    return missing.isEmpty && log.count == 0 ? mechanisms : nil
  }

  static func parse(
    _ source: FixtureFile, scenarios: [Scenario], scope: LoadingScope = .everything, languages: [String],
    log: DiagnosticLog
  ) -> [Mutant] {
    guard let document = FixtureDocument(source, log: log) else { return [] }
    let parser = MutantParser(log: log, scenarios: scenarios, scope: scope, languages: languages)
    let mutants = document.root.nonEmptyList("mutants").compactMap(parser.parse)
    var first: [String: SourceLocation] = [:]
    for mutant in mutants {
      if let other = first[mutant.name] {
        log.add(mutant.location, "the mutant '\(mutant.name)' is already defined at \(other)")
      } else {
        first[mutant.name] = mutant.location
      }
    }
    return mutants
  }
}

private struct MutantParser {
  let log: DiagnosticLog
  let scenarios: [Scenario]
  let scope: LoadingScope
  let languages: [String]

  static let catchersKey = "caught-by"
  private static let keys = ["mutant", "peer", "wrong", catchersKey, "verdict", "reason"]
  /// The minimum length of a reason; a shorter text could match almost any reason.
  private static let minimumReason = 4
  private static let verdicts: [Verdict] = [.failed, .crashed, .leaked, .timedOut]

  func parse(_ value: FixtureDocument.Value) -> Mutant? {
    let required = Self.keys.filter { $0 != "verdict" }
    guard let keys = value.map("a mutant", keys: Self.keys, required: required) else { return nil }
    guard scope.isEverything || Self.mechanisms(keys[Self.catchersKey]).allSatisfy(scope.contains) else { return nil }
    func text(_ key: String) -> SourceText? { keys[key]?.text("'\(key)'") }
    let (name, peer, wrong, reason) = (text("mutant"), text("peer"), text("wrong"), text("reason"))
    if let name { check(name) }
    if let peer, !languages.contains(peer.text) {
      log.add(
        peer.location, "'\(peer.text)' has no mutant build\(Suggestion.clause(for: peer.text, among: languages))")
    }
    if let reason, reason.count < Self.minimumReason {
      log.add(reason.location, "a reason of fewer than \(Self.minimumReason) letters matches almost every other")
    }
    let catchers = keys[Self.catchersKey].map(catchers) ?? []
    let verdict = keys["verdict"]?.choice("a verdict on a mutant", among: Self.verdicts) ?? .failed
    guard let name, let peer, let wrong, let reason, !catchers.isEmpty else { return nil }
    return Mutant(
      name: name.text, language: peer.text, wrong: wrong.text, catchers: catchers, verdict: verdict,
      reason: reason.text, location: value.location)
  }

  /// Returns the mechanisms of the scenarios in a `caught-by` map.
  static func mechanisms(_ catchers: FixtureDocument.Value?) -> [String] {
    (catchers?.map("'\(catchersKey)'") ?? []).map { String($0.key.text.prefix { $0 != "/" }) }
  }

  private func check(_ name: SourceText) {
    if !Identifier.isDashed(name.text) {
      log.add(
        name.location,
        "'\(abbreviated(name.text))' cannot be a mutant: use lower-case letters, digits and dashes")
    }
    if languages.contains(name.text) { log.add(name.location, "'\(name.text)' is the name of a language") }
  }

  /// Parses the `caught-by` map, such as `{posix-mq/delivery[bytes=8192]: sender}`.
  private func catchers(_ value: FixtureDocument.Value) -> [Mutant.Catcher] {
    guard let entries = value.map("'\(Self.catchersKey)'") else { return [] }
    if entries.isEmpty { value.report("'\(Self.catchersKey)' must name a scenario") }
    return entries.compactMap { key, value in
      guard let role = value.text("a role") else { return nil }
      let id = String(key.text.prefix { $0 != "[" })
      let rows = scenarios.filter { $0.id == id }
      guard let scenario = rows.first else {
        let clause = Suggestion.clause(for: id, among: scenarios.map(\.id))
        log.add(key.location, "there is no scenario '\(abbreviated(id))'\(clause)")
        return nil
      }
      let roles = scenario.roles.filter { $0.language == nil }.map(\.name)
      guard roles.contains(role.text) else {
        let clause = Suggestion.clause(for: role.text, among: roles)
        log.add(role.location, "\(id) has no role '\(role.text)' that any language can play\(clause)")
        return nil
      }
      guard let parameters = parameters(key, from: id.utf8.count, rows: rows) else { return nil }
      return Mutant.Catcher(scenario: id, parameters: parameters, role: role.text)
    }
  }

  private func parameters(_ key: SourceText, from start: Int, rows: [Scenario]) -> [String: String]? {
    guard start < key.count else { return [:] }
    guard key.text.hasSuffix("]") else {
      log.add(key.location, "write the parameters of a scenario in brackets: '\(rows[0].id)[bytes=1]'")
      return nil
    }
    var parameters: [String: String] = [:]
    let list = key[start...].text.dropFirst().dropLast()
    for word in list.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      parameters[parts.first ?? ""] = parts.count == 2 ? parts[1] : ""
    }
    let exists = rows.contains { row in
      parameters.allSatisfy { name, value in row.parameters.contains { $0.name == name && $0.value == value } }
    }
    if !exists { log.add(key.location, "no row of \(rows[0].id) has these parameters") }
    return exists ? parameters : nil
  }
}
