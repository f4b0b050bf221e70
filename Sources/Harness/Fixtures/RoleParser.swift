/// Parses the roles of a scenario: `roles:`, `programs:`, `as:` and `pin:`.
struct RoleParser {
  let log: DiagnosticLog
  /// Whether the file belongs to a user's project, where the suite's reference peer plays every peer role.
  var isOfProject = false
  let fill: (SourceText) -> SourceText

  /// The maximum number of roles in a sandbox.
  private static let maximum = 64
  /// The maximum number of roles for which every combination of languages gets a cell.
  static let maximumOfAllLanguages = 6

  private static let interruptedCloses = "interrupted-closes"

  func parse(
    _ keys: [String: FixtureDocument.Value], templates: TemplateParser, _ contents: ContentParser
  ) -> [Role] {
    var parts: [(name: SourceText, part: Role.Part)] = []
    for element in keys["roles"]?.list("roles") ?? [] {
      guard let name = element.text("a role").map(fill) else { continue }
      parts += group(name).map { ($0, .peer) }
    }
    let programs = (keys["programs"]?.map("programs") ?? []).map { (names: group($0.0), command: $0.1) }
    var templates = templates
    templates.users = parts.map(\.name.text) + programs.flatMap { $0.names.map(\.text) }
    for (names, command) in programs {
      guard let text = command.text("a program").map(fill) else { continue }
      // If the command is malformed, keep the role, so that the role's steps cause no further errors.
      let words = ShellWords.split(text, log) ?? [text]
      guard let program = words.first else { continue }
      let arguments = words.dropFirst().map { templates.argument($0) }
      parts += names.map { ($0, .program(name: program.text, arguments: arguments)) }
    }
    if parts.count > Self.maximum {
      log.add(parts[Self.maximum].name.location, "a scenario has at most \(Self.maximum) roles")
      return []
    }
    var seen: Set<String> = []
    for (name, _) in parts where !seen.insert(name.text).inserted {
      log.add(name.location, "the role '\(name.text)' is listed twice")
    }
    let names = parts.map(\.name.text)
    let users = assignments(keys["as"], "as", roles: names)
    for (_, value) in users where Role.User(rawValue: value.text) == nil && value.text != Self.interruptedCloses {
      log.add(
        value.location,
        "a role can run as 'another-user', 'root' or '\(Self.interruptedCloses)', not as '\(value.text)'")
    }
    let languages = assignments(keys["pin"], "pin", roles: names)
    let starts = contents.starts(keys, roles: parts.map { ($0.name.text, $0.part) })
    return parts.map { name, part in
      Role(
        name: name.text, part: part,
        language: isOfProject && part == .peer ? PeerList.referencePeer : languages[name.text]?.text,
        start: starts[name.text] ?? ProgramStart(demands: contents.demands),
        user: users[name.text].flatMap { Role.User(rawValue: $0.text) },
        hasInterruptedCloses: users[name.text]?.text == Self.interruptedCloses)
    }
  }

  /// Expands `writer-1..8` to the names `writer-1` to `writer-8`; returns any other name unchanged.
  private func group(_ name: SourceText) -> [SourceText] {
    let text = name.text
    guard let dots = text.firstRange(of: "..") else {
      if !Self.isName(text) {
        log.add(
          name.location,
          "'\(text)' cannot be a role: use lower-case letters, digits and dashes, and no keyword of a step")
        return []
      }
      return [name]
    }
    guard let dash = text[..<dots.lowerBound].lastIndex(of: "-"), Self.isName(String(text[..<dash])),
      let first = Int(text[text.index(after: dash)..<dots.lowerBound]), let last = Int(text[dots.upperBound...]),
      first >= 0, first <= last, last - first < Self.maximum
    else {
      log.add(name.location, "a group of roles is written 'writer-1..8', with at most \(Self.maximum) of them")
      return []
    }
    return (first...last).map { name.replacing(0..<name.count, with: "\(text[..<dash])-\($0)") }
  }

  private static func isName(_ text: String) -> Bool {
    Identifier.isDashed(text, startingWithLetter: true) && !StepParser.words.contains(text) && text != "number"
  }

  /// Parses a map from roles to strings, such as `{intruder: another-user}`.
  private func assignments(
    _ value: FixtureDocument.Value?, _ key: String, roles: [String]
  ) -> [String: SourceText] {
    var result: [String: SourceText] = [:]
    for (name, value) in value?.map("'\(key)'") ?? [] {
      guard let text = value.text("the value of a role").map(fill) else { continue }
      guard roles.contains(name.text) else {
        log.add(name.location, "unknown role '\(name.text)'\(Suggestion.clause(for: name.text, among: roles))")
        continue
      }
      result[name.text] = text
    }
    return result
  }
}
