/// Reads what stands behind `->`.
struct ExpectationParser {
  let log: MistakeLog

  static let words = ["ok", "error", "blocks", "later"]

  /// `templates` learns what is captured.
  func parse(_ words: [SourceText], templates: inout TemplateParser) -> Expected {
    guard let first = words.first else { return .ok([]) }
    let rest = Array(words.dropFirst())
    switch first.text {
    case "ok": return .ok(fields(rest, &templates))
    case "blocks", "later":
      if let extra = rest.first {
        log.add(
          extra.location, "nothing stands behind '\(first.text)': the fields go to the step that takes the answer")
      }
      return first.text == "blocks" ? .blocks : .later
    case "error":
      guard let symbols = rest.first else {
        log.add(first.location, "behind 'error' stands the symbol of an errno, as in 'error EAGAIN'")
        return .error([], [])
      }
      return .error(errnos(symbols), fields(Array(rest.dropFirst()), &templates))
    case let word where !word.contains("="):
      // A comparison by < or > alone is a field as well.
      if word.contains(where: { "<>".contains($0) }) { return .ok(fields(words, &templates)) }
      log.add(
        first.location,
        "unknown expectation '\(word)'\(Suggestion.clause(for: word, among: Self.words)) (or a field, as in return=4)")
      return .ok([])
    default: return .ok(fields(words, &templates))
    }
  }

  private func errnos(_ symbols: SourceText) -> [String] {
    let names = symbols.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    for name in names where !ErrnoSymbols.all.contains(name) {
      log.add(symbols.location, "unknown errno '\(name)'\(Suggestion.clause(for: name, among: ErrnoSymbols.all))")
    }
    return names
  }

  private func fields(_ words: [SourceText], _ templates: inout TemplateParser) -> [FieldExpectation] {
    words.compactMap { field($0, &templates) }
  }

  private func field(_ word: SourceText, _ templates: inout TemplateParser) -> FieldExpectation? {
    let text = word.text
    guard let (key, sign) = Self.comparison(text), !key.isEmpty else {
      log.add(word.location, "'\(text)' is no demand on a field; that is written return=4, return>=1 or pid={=name}")
      return nil
    }
    let value = word[(key + sign).utf8.count...]
    let valueText = value.text
    if sign == "=", valueText.hasPrefix("{="), valueText.hasSuffix("}") {
      let name = String(valueText.dropFirst(2).dropLast())
      if !Formula.isName(name) || TemplateParser.isFresh(name) || templates.parameters.contains(name) {
        log.add(value.location, "'\(name)' cannot name what is captured: letters, digits and _, and not taken already")
      }
      templates.captured.insert(name)
      return FieldExpectation(key: key, relation: .capture(name))
    }
    let template = templates.wireValue(value)
    let relation: FieldExpectation.Relation =
      switch sign {
      case "!=": .notEqual(template)
      case "<=": .lessOrEqual(template)
      case ">=": .greaterOrEqual(template)
      case "<": .less(template)
      case ">": .greater(template)
      default: .equal(template)
      }
    return FieldExpectation(key: key, relation: relation)
  }

  /// The key before the first sign, and that sign.
  private static func comparison(_ text: String) -> (key: String, sign: String)? {
    guard let start = text.firstIndex(where: { "!=<>".contains($0) }) else { return nil }
    let rest = text[start...]
    guard let sign = ["!=", "<=", ">=", "=", "<", ">"].first(where: rest.hasPrefix) else { return nil }
    return (String(text[..<start]), sign)
  }
}
