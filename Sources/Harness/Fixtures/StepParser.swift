/// Parses the steps of one row of a scenario.
struct StepParser {
  let log: DiagnosticLog
  let registry: OperationRegistry
  let roles: [Role]
  let fill: (SourceText, _ number: String?) -> SourceText
  var templates: TemplateParser
  /// The paths in the user's project; nil for a suite file.
  let project: CommandResolver?
  /// The last operation requested from each role; a step without a request reads its response.
  private var operations: [String: Operation] = [:]

  /// The keywords of steps that send no request.
  static let words = [
    "hand", "kill", "stop", "continue", "interrupt", "end", "wait", "objects", "start", "sleeps", "asleep",
    "calls", "prints", "prints-error", "signal", "ready", "feed", "output", "file",
  ]

  init(
    log: DiagnosticLog, registry: OperationRegistry, roles: [Role], templates: TemplateParser,
    project: CommandResolver? = nil, fill: @escaping (SourceText, _ number: String?) -> SourceText
  ) {
    self.log = log
    self.registry = registry
    self.roles = roles
    self.fill = fill
    self.templates = templates
    self.project = project
  }

  mutating func parse(_ list: FixtureDocument.Value) -> [Step] {
    var steps: [Step] = []
    for element in list.list("steps") {
      guard let entries = element.map("a step") else { continue }
      guard entries.count == 1, let (key, value) = entries.first else {
        element.report("a step must be a map with one key, not \(entries.count)")
        continue
      }
      switch key.text {
      case "hand": steps += hand(key, value)
      case "prints": steps += prints(key, value, .standardOutput)
      case "prints-error": steps += prints(key, value, .standardError)
      case "feed": steps += feed(key, value)
      case "output": steps += output(key, value)
      case "file": steps += files(key, value)
      default:
        let members = Self.words.contains(key.text) ? nil : members(key)
        if let members, members.isEmpty {
          // The key is the error, whatever its value.
          value.forEachText { noteCaptures($0) }
          continue
        }
        guard let text = value.text("a step") else { continue }
        guard let members else {
          steps += directive(key, fill(text, nil))
          continue
        }
        for (role, number) in members { steps += exchange(role, key, fill(text, number)) }
      }
    }
    return steps
  }

  /// Returns the roles that a name refers to: one role or, for `writer-*`, each role in the group with its number.
  func members(_ name: SourceText) -> [(role: Role, number: String?)] {
    let text = name.text
    if let role = roles.first(where: { $0.name == text }) { return [(role, nil)] }
    if text.hasSuffix("-*") {
      let prefix = text.dropLast()
      let group = roles.compactMap { role -> (Role, String?)? in
        guard role.name.hasPrefix(prefix), Int(role.name.dropFirst(prefix.count)) != nil else { return nil }
        return (role, String(role.name.dropFirst(prefix.count)))
      }
      if !group.isEmpty { return group }
    }
    let known = roles.map(\.name) + Self.words
    log.add(
      name.location, "unknown role or step '\(abbreviated(text))'\(Suggestion.clause(for: text, among: known))")
    return []
  }

  /// Records the captures of a step that cannot be parsed.
  ///
  /// Otherwise, later steps that use these variables would cause further errors.
  private mutating func noteCaptures(_ text: String) {
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "={=", maxSplits: 1)
      if parts.count == 2, parts[1].hasSuffix("}") { templates.captured.insert(String(parts[1].dropLast())) }
    }
  }

  /// Parses `ROLE: operation key=value -> expectation` or `ROLE: -> expectation`.
  private mutating func exchange(_ role: Role, _ key: SourceText, _ text: SourceText) -> [Step] {
    guard role.part == .peer else {
      log.add(key.location, "'\(role.name)' is a program, which takes no requests; see start, prints, wait")
      return []
    }
    // The expectation after each `~>` applies after another role has died.
    let parts = text.words.split(omittingEmptySubsequences: false) { $0.text == "~>" }
    let words = Array(parts[0])
    if let other = words.first(where: { ["=>", "-->", "→"].contains($0.text) }) {
      log.add(other.location, "'\(other.text)' is not a word of a step; did you mean '->'?")
      noteCaptures(text.text)
      return []
    }
    let arrow = words.firstIndex { $0.text == "->" }
    if let arrow, arrow == words.count - 1 {
      log.add(
        words[arrow].location, "'->' must be followed by an expectation: ok, error ERRNO, blocks, later, or fields")
      return []
    }
    // A variable in a request must have been captured from an earlier response.
    let requestWords = Array(words[..<(arrow ?? words.count)])
    let request = requestWords.isEmpty ? nil : request(requestWords)
    if let request { operations[role.name] = registry[request.operation] }
    let expectations = ExpectationParser(log: log, operation: operations[role.name])
    let expected = expectations.parse(
      arrow.map { Array(words[($0 + 1)...]) } ?? [], templates: &templates)
    let expectedAfterPeerDeath = parts.dropFirst().map { part in
      if part.isEmpty { log.add(text.location, "'~>' must be followed by what is expected once another role has died") }
      return expectations.parse(Array(part), templates: &templates)
    }

    let action: Step.Action
    if let request {
      if case .blocks = expected, let operation = registry[request.operation], operation.sleeps.isEmpty {
        log.add(text.location, "'\(operation.name)' never sleeps in a system call, so it cannot be seen to block")
      }
      action = .request(role: role.name, request, expected)
    } else {
      if case .later = expected {
        log.add(text.location, "a step without an operation reads a response, but 'later' does not")
      }
      action = .response(role: role.name, expected)
    }
    return [
      Step(
        action: action, text: "\(role.name): \(text.text)", location: key.location,
        expectedAfterPeerDeath: expectedAfterPeerDeath)
    ]
  }

  private func request(_ words: [SourceText]) -> RequestTemplate? {
    let name = words[0].text
    guard let operation = registry[name] else {
      log.add(
        words[0].location, "unknown operation '\(name)'\(Suggestion.clause(for: name, among: registry.names))")
      return RequestTemplate(operation: name, fields: [])
    }
    var fields: [(key: String, value: Template)] = []
    for word in words.dropFirst() {
      guard let equals = word.firstIndex(of: "="), equals > 0 else {
        log.add(word.location, "'\(word.text)' is not of the form key=value; write a space in a value as %20")
        continue
      }
      let key = word[..<equals].text
      if !operation.takes.contains(key) {
        let clause = Suggestion.clause(for: key, among: operation.takes)
        log.add(word.location, "'\(name)' takes no '\(key)'\(clause)")
      }
      if fields.contains(where: { $0.key == key }) { log.add(word.location, "'\(key)' is given twice") }
      let value = word[(equals + 1)...]
      if !registry.payloads.contains(key) { checkSymbols(of: value) }
      fields.append((key, templates.wireValue(value)))
    }
    return RequestTemplate(operation: name, fields: fields)
  }

  /// Reports misspelled symbolic names in a value, such as `O_CREAT|O_EXLC`.
  ///
  /// A name that resembles no known name may be specific to a peer, or deliberately wrong.
  private func checkSymbols(of value: SourceText) {
    var start = 0
    for part in value.text.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false) {
      let symbol = String(Substring(part))
      if symbol.contains("_"), !registry.symbols.contains(symbol),
        let known = Suggestion.misspelled(symbol, among: registry.symbols)
      {
        log.add(value[start..<start + part.count].location, "unknown symbol '\(symbol)'; did you mean '\(known)'?")
      }
      start += part.count + 1
    }
  }
}
