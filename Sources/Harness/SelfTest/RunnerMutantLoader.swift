/// Reads `fixtures/runner-mutants.yaml`.
enum RunnerMutantLoader {
  static let file = "fixtures/runner-mutants.yaml"
  /// The minimum number of tests for each defect.
  ///
  /// One test is not enough, because it could be removed by mistake.
  private static let minimumKillers = 2

  /// Reads the runner mutants; `names` contains the names of the peer mutants.
  static func load(root: String, mutants names: [String], log: DiagnosticLog) -> [RunnerMutant] {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map { parse($0, mutants: names, log: log) } ?? []
  }

  static func parse(_ source: FixtureFile, mutants names: [String], log: DiagnosticLog) -> [RunnerMutant] {
    guard let document = FixtureDocument(source, log: log),
      let parts = document.root.map("the file", keys: ["checks", "mutants"], required: ["checks", "mutants"]),
      let checks = parts["checks"], let mutants = parts["mutants"]
    else { return [] }
    let parser = Parser(
      log: log, mutants: names, checks: checks.nonEmptyList("checks").compactMap { Parser.check($0, log: log) })
    let parsed = mutants.nonEmptyList("mutants").compactMap(parser.mutant)
    for (index, mutant) in parsed.enumerated()
    where names.contains(mutant.name) || parsed[..<index].contains(where: { $0.name == mutant.name }) {
      log.add(mutant.location, "the name '\(mutant.name)' is already taken")
    }
    for check in parser.checks {
      for name in check.with where !parsed.contains(where: { $0.name == name }) {
        log.add(checks.location, "the check '\(check.name)' switches on '\(name)', which is not a mutant of the runner")
      }
    }
    return parsed
  }

  private struct Parser {
    let log: DiagnosticLog
    let mutants: [String]
    let checks: [RunnerCheck]

    static func check(_ value: FixtureDocument.Value, log: DiagnosticLog) -> RunnerCheck? {
      let keys = ["check", "run", "with", "exit", "shows", "lacks"]
      guard let facts = value.map("a check", keys: keys, required: ["check", "run", "exit"]) else { return nil }
      guard let name = facts["check"]?.text("'check'"), let command = facts["run"]?.text("'run'"),
        let exit = facts["exit"]?.text("'exit'")
      else { return nil }
      guard let status = Int32(exit.text) else {
        log.add(exit.location, "'exit' must be a number, not '\(abbreviated(exit.text))'")
        return nil
      }
      return RunnerCheck(
        name: name.text, command: command.words.map(\.text), with: facts["with"]?.texts("mutants") ?? [],
        exit: status, shows: facts["shows"]?.texts("texts") ?? [], lacks: facts["lacks"]?.texts("texts") ?? [])
    }

    func mutant(_ value: FixtureDocument.Value) -> RunnerMutant? {
      let required = ["mutant", "wrong", "file", "replace", "with", "killed-by"]
      let keys = required + ["verdict", "isolation"]
      guard let facts = value.map("a mutant of the runner", keys: keys, required: required) else { return nil }
      func text(_ key: String) -> String? { facts[key]?.text("'\(key)'")?.text }
      let killers = facts["killed-by"]?.list("tests").compactMap(killer) ?? []
      if killers.count < RunnerMutantLoader.minimumKillers {
        value.report("at least \(RunnerMutantLoader.minimumKillers) tests must catch a mutant of the runner")
      }
      let verdict = facts["verdict"]?.choice("a verdict", Verdict.self) ?? .passed
      let isolation = facts["isolation"]?.choice("an isolation", among: [Isolation.private, .shared]) ?? .private
      guard let name = text("mutant"), let wrong = text("wrong"), let file = text("file"),
        let original = text("replace"), let replacement = text("with")
      else { return nil }
      if !Identifier.isDashed(name) {
        value.report("'\(abbreviated(name))' cannot be a mutant: use lower-case letters, digits and dashes")
      }
      if !replacement.contains(RunnerMutantSources.condition) {
        value.report("the text of 'with' must have the condition \(RunnerMutantSources.condition)")
      }
      return RunnerMutant(
        name: name, wrong: wrong, file: file, original: original, replacement: replacement, verdict: verdict,
        isShared: isolation == .shared, killers: killers, location: value.location)
    }

    /// Parses a test: `pipe-inherited` is a peer mutant, and `check failure-in-junit` is a command.
    private func killer(_ value: FixtureDocument.Value) -> RunnerMutant.Killer? {
      guard let source = value.text("a test") else { return nil }
      let word = "check "
      guard source.text.hasPrefix(word) else {
        if mutants.contains(source.text) { return .mutant(source.text) }
        let clause = Suggestion.clause(for: source.text, among: mutants)
        log.add(source.location, "there is no peer mutant '\(abbreviated(source.text))'\(clause)")
        return nil
      }
      let name = String(source.text.dropFirst(word.count))
      if let check = checks.first(where: { $0.name == name }) { return .check(check) }
      let clause = Suggestion.clause(for: name, among: checks.map(\.name))
      log.add(source.location, "there is no check '\(abbreviated(name))'\(clause)")
      return nil
    }
  }
}
