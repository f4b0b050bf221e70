import SystemPackage

/// The meanings of the verdicts, and of the errors that the suite uses.
struct Glossary: Sendable {
  let verdicts: [VerdictFacts]
  let errors: [ErrorFacts]
  /// Other terms in the reports.
  let terms: [TermFacts]

  static let file = "fixtures/glossary.yaml"

  /// A verdict with its meaning, its usual causes, and advice.
  struct VerdictFacts: Sendable {
    let verdict: Verdict
    let meaning: String
    let causes: [String]
    let advice: [String]
  }

  /// A term in the reports that is not a verdict.
  struct TermFacts: Sendable {
    let term: String
    let meaning: String
    let causes: [String]
    let advice: [String]
  }

  /// A system call error.
  struct ErrorFacts: Sendable {
    /// The symbolic name, such as `EAGAIN`.
    let symbol: String
    /// Another symbolic name for the same value on Linux, such as `EWOULDBLOCK`.
    let alias: String?
    let meaning: String
    /// The causes for each function, in file order.
    let causes: [Cause]
    let advice: [String]
    /// The relevant sections of the standards.
    let places: [String]

    struct Cause: Sendable {
      let function: String
      let reason: String
    }
  }

  /// Reads `fixtures/glossary.yaml`.
  ///
  /// A verdict without an explanation is an error.
  static func load(root: String, log: DiagnosticLog) -> Glossary {
    FixtureFile(at: "\(root)/\(file)", as: file, log: log).map { parse($0, log: log) }
      ?? Glossary(verdicts: [], errors: [], terms: [])
  }

  static func parse(_ source: FixtureFile, log: DiagnosticLog) -> Glossary {
    let keys = ["verdicts", "errors"]
    guard let document = FixtureDocument(source, log: log),
      let facts = document.root.map("the glossary", keys: keys + ["terms"], required: keys)
    else { return Glossary(verdicts: [], errors: [], terms: []) }
    let verdicts = facts["verdicts"]?.nonEmptyList("verdicts").compactMap(VerdictFacts.init) ?? []
    for verdict in Verdict.allCases where verdicts.count(where: { $0.verdict == verdict }) != 1 {
      facts["verdicts"]?.report("the verdict '\(verdict.rawValue)' must be explained once")
    }
    var errors: [ErrorFacts] = []
    for value in facts["errors"]?.nonEmptyList("errors") ?? [] {
      guard let error = ErrorFacts(value) else { continue }
      if errors.contains(where: { $0.symbol == error.symbol }) { value.report("\(error.symbol) is explained twice") }
      errors.append(error)
    }
    return Glossary(
      verdicts: verdicts, errors: errors, terms: facts["terms"]?.nonEmptyList("terms").compactMap(TermFacts.init) ?? [])
  }
}

extension Glossary.VerdictFacts {
  fileprivate init?(_ value: FixtureDocument.Value) {
    let keys = ["verdict", "means", "causes", "do"]
    guard let facts = value.map("a verdict", keys: keys, required: keys),
      let verdict = facts["verdict"]?.choice("a verdict", Verdict.self), let meaning = facts["means"]?.text("'means'")
    else { return nil }
    self.init(
      verdict: verdict, meaning: meaning.text, causes: facts["causes"]?.texts("causes") ?? [],
      advice: facts["do"]?.texts("actions") ?? [])
  }
}

extension Glossary.TermFacts {
  fileprivate init?(_ value: FixtureDocument.Value) {
    let keys = ["term", "means", "causes", "do"]
    guard let facts = value.map("a term", keys: keys, required: keys), let term = facts["term"]?.text("a term"),
      let meaning = facts["means"]?.text("'means'")
    else { return nil }
    self.init(
      term: term.text, meaning: meaning.text, causes: facts["causes"]?.texts("causes") ?? [],
      advice: facts["do"]?.texts("actions") ?? [])
  }
}

extension Glossary.ErrorFacts {
  fileprivate init?(_ value: FixtureDocument.Value) {
    let required = ["errno", "means", "causes", "do", "see"]
    guard let facts = value.map("an error", keys: required + ["also"], required: required),
      let symbol = facts["errno"]?.text("'errno'"), let meaning = facts["means"]?.text("'means'")
    else { return nil }
    if symbol.text.wholeMatch(of: /E[0-9A-Z]+/) == nil {
      value.log.add(symbol.location, "'\(abbreviated(symbol.text))' is not the symbol of an error")
    }
    self.init(
      symbol: symbol.text, alias: facts["also"]?.text("'also'")?.text, meaning: meaning.text,
      causes: (facts["causes"]?.map("'causes'") ?? []).compactMap { key, value in
        value.text("a cause").map { Cause(function: key.text, reason: $0.text) }
      }, advice: facts["do"]?.texts("actions") ?? [], places: facts["see"]?.texts("places") ?? [])
  }
}
