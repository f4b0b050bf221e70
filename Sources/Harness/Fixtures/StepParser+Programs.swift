/// The parsers of steps for whole programs.
extension StepParser {
  private var contents: ContentParser {
    ContentParser(log: log, templates: templates, project: project) { fill($0, nil) }
  }

  func signal(_ word: SourceText) -> Signal? {
    if let signal = Signal(rawValue: word.text) { return signal }
    let names = Signal.allCases.map(\.rawValue)
    log.add(word.location, "unknown signal '\(word.text)'\(Suggestion.clause(for: word.text, among: names))")
    return nil
  }

  /// Parses the words after the role in `ready: server fifo {fifo}`.
  func ready(_ words: [SourceText]) -> Readiness? {
    guard let kind = words.first else { return .asleep }
    let transport = Readiness.Transport(rawValue: kind.text)
    let object = Readiness.words.contains(kind.text) ? ObjectKind(rawValue: kind.text) : nil
    guard transport != nil || object != nil else {
      let clause = Suggestion.clause(for: kind.text, among: Readiness.words)
      log.add(kind.location, "unknown kind '\(kind.text)'\(clause)")
      return nil
    }
    guard words.count == 2 else {
      log.add(kind.location, "write this as 'ready: server \(kind.text) NAME'")
      return nil
    }
    let name = templates.plainText(words[1])
    return transport.map { .listens($0, name) } ?? object.map { .object($0, name) }
  }

  /// Parses a map from programs to values, and calls `make` for each role, with its number in its group.
  private func each(
    _ key: SourceText, _ value: FixtureDocument.Value,
    _ make: (Role, String?, FixtureDocument.Value) -> (Step.Action, String)?
  ) -> [Step] {
    (value.map("'\(key.text)'") ?? []).flatMap { name, value -> [Step] in
      members(name).compactMap { role, number in
        guard role.part != .peer else {
          log.add(name.location, "'\(role.name)' is a peer, but '\(key.text)' is only for programs")
          return nil
        }
        return make(role, number, value).map { action, text in
          Step(action: action, text: "\(key.text): {\(role.name): \(text)}", location: key.location)
        }
      }
    }
  }

  /// Parses `prints: {reader: "text"}`, `prints: {reader: {line: "text"}}`, or a list of these.
  func prints(_ key: SourceText, _ value: FixtureDocument.Value, _ stream: Step.OutputStream) -> [Step] {
    each(key, value) { role, number, value in
      let values = value.isList ? value.nonEmptyList("lines") : [value]
      let patterns = values.compactMap { pattern($0, number) }
      guard !patterns.isEmpty else { return nil }
      let texts = patterns.map(\.description).joined(separator: ", ")
      return (.prints(role: role.name, stream: stream, patterns), value.isList ? "[\(texts)]" : texts)
    }
  }

  private func pattern(_ value: FixtureDocument.Value, _ number: String?) -> LinePattern? {
    guard value.isMap else {
      return value.text("a line").map { LinePattern(kind: .contains, text: templates.plainText(fill($0, number))) }
    }
    let kinds = LinePattern.Kind.allCases.map(\.rawValue)
    guard let keys = value.map("a line", keys: kinds) else { return nil }
    guard keys.count == 1, let (name, value) = keys.first, let kind = LinePattern.Kind(rawValue: name) else {
      value.report("a line has one of the keys \(kinds.joined(separator: ", "))")
      return nil
    }
    guard let text = value.text("a line", mayBeEmpty: kind == .line).map({ fill($0, number) }) else { return nil }
    guard kind == .matches else { return LinePattern(kind: kind, text: templates.plainText(text)) }
    // Braces are part of the regular expression syntax, so a regular expression cannot contain variables.
    do { _ = try Regex(text.text) } catch {
      log.add(text.location, "this is not a regular expression: \(error)")
    }
    return LinePattern(kind: kind, text: Template(pieces: [.literal(text.text)]))
  }

  /// Parses `feed: {client: "text"}`.
  func feed(_ key: SourceText, _ value: FixtureDocument.Value) -> [Step] {
    each(key, value) { role, number, value in
      guard let text = value.text("a line of input", mayBeEmpty: true) else { return nil }
      let line = templates.plainText(fill(text, number))
      return (.feed(role: role.name, line: line), "\"\(line)\"")
    }
  }

  /// Parses `output: {client: "text"}` or `output: {client: {file: ./path}}`.
  func output(_ key: SourceText, _ value: FixtureDocument.Value) -> [Step] {
    each(key, value) { role, _, value in
      contents.parse(value, "the output of a program").map { (.output(role: role.name, $0), $0.description) }
    }
  }

  /// Parses `file: {PATH: "text"}` or `file: {PATH: {file: ./path}}`.
  func files(_ key: SourceText, _ value: FixtureDocument.Value) -> [Step] {
    (value.map("'file'") ?? []).compactMap { path, value in
      guard let content = contents.parse(value, "the content of a file") else { return nil }
      let path = templates.plainText(fill(path, nil))
      return Step(
        action: .file(path: path, content), text: "file: {\(path): \(content.description)}", location: key.location)
    }
  }
}
