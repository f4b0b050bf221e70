import Yams

/// Reads who takes part in a scenario: `roles:`, `programs:`, `as:` and `pin:`.
struct RoleParser {
  let document: Document
  let fill: (SourceText) -> SourceText

  /// The roles that a sandbox has room for.
  static let most = 64
  /// More roles than this are not given every language in turn: the cells would be languages to that power.
  static let mostOfAllLanguages = 6

  func parse(_ keys: [String: Node], templates: TemplateParser) -> [Role] {
    var parts: [(name: SourceText, part: Role.Part)] = []
    if let node = keys["roles"] {
      for element in document.list(node, of: "roles") {
        guard let name = document.text(element, for: "a role").map(fill) else { continue }
        parts += group(name).map { ($0, .peer) }
      }
    }
    if let node = keys["programs"], let entries = document.map(node, "programs") {
      for (name, command) in entries {
        guard let source = document.text(command, for: "a program").map(fill) else { continue }
        let words = source.words
        guard let program = words.first else { continue }
        let arguments = words.dropFirst().map { templates.argument($0) }
        parts += group(name).map { ($0, .program(name: program.text, arguments: arguments)) }
      }
    }
    if parts.count > Self.most {
      document.log.add(parts[Self.most].name.location, "a scenario has at most \(Self.most) roles")
      return []
    }
    var seen: Set<String> = []
    for (name, _) in parts where !seen.insert(name.text).inserted {
      document.log.add(name.location, "the role '\(name.text)' stands twice")
    }
    let names = parts.map(\.name.text)
    let others = assignments(keys["as"], "as", roles: names)
    for (_, value) in others where value.text != Scenario.Need.anotherUser.rawValue {
      document.log.add(value.location, "a role can run as 'another-user', not as '\(value.text)'")
    }
    let languages = assignments(keys["pin"], "pin", roles: names)
    return parts.map { name, part in
      Role(
        name: name.text, part: part, language: languages[name.text]?.text, isAnotherUser: others[name.text] != nil)
    }
  }

  /// `writer-1..8` is `writer-1` to `writer-8`; any other name is itself.
  private func group(_ name: SourceText) -> [SourceText] {
    let text = name.text
    guard let dots = text.firstRange(of: "..") else {
      if !Self.isName(text) {
        document.log.add(
          name.location, "'\(text)' is no name of a role: small letters, digits and dashes, and no word of a step")
        return []
      }
      return [name]
    }
    guard let dash = text[..<dots.lowerBound].lastIndex(of: "-"), Self.isName(String(text[..<dash])),
      let first = Int(text[text.index(after: dash)..<dots.lowerBound]), let last = Int(text[dots.upperBound...]),
      first >= 0, first <= last, last - first < Self.most
    else {
      document.log.add(
        name.location, "a group of roles is written 'writer-1..8', with at most \(Self.most) of them")
      return []
    }
    return (first...last).map { name.replacing(0..<name.count, with: "\(text[..<dash])-\($0)") }
  }

  private static func isName(_ text: String) -> Bool {
    text.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
      && !StepParser.words.contains(text) && text != "number"
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }

  /// `{intruder: another-user}`: a text for each of some roles.
  private func assignments(_ node: Node?, _ key: String, roles: [String]) -> [String: SourceText] {
    guard let node, let entries = document.map(node, "'\(key)'") else { return [:] }
    var result: [String: SourceText] = [:]
    for (name, value) in entries {
      guard let text = document.text(value, for: "what stands behind a role").map(fill) else { continue }
      guard roles.contains(name.text) else {
        document.log.add(
          name.location, "unknown role '\(name.text)'\(Suggestion.clause(for: name.text, among: roles))")
        continue
      }
      result[name.text] = text
    }
    return result
  }
}
