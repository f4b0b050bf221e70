import PeerProtocol

/// Parses text with variables into a ``Template``, and checks that the variables exist at this point in a script.
struct TemplateParser {
  /// The roles whose process IDs can be used: `{client.pid}`.
  var roles: [String]
  /// The roles whose user IDs can be used, also before they start: `{client.uid}`.
  var users: [String] = []
  let parameters: [String]
  let log: DiagnosticLog
  /// The variables that earlier steps have captured.
  var captured: Set<String> = []

  /// Variables for names that are unique to each cell; a dash and a number or word may follow.
  static let fresh = ["mq", "shm", "fifo", "path", "abstract", "key"]

  /// Parses percent-encoded text that is sent unchanged.
  ///
  /// Its variables may have a width: `{client.pid:4}` is the process ID as an integer of four bytes.
  func wireValue(_ source: SourceText) -> Template {
    template(source, mayHaveWidths: true) { literal in
      let text = literal.text
      _ = decoded(literal)
      if let stray = text.first(where: Self.mustBeEncoded) {
        log.add(literal.location, "write a '\(stray)' in a value as \(PercentEncoding.encode(String(stray)))")
      }
      return text
    }
  }

  private static func mustBeEncoded(_ character: Character) -> Bool {
    !character.utf8.allSatisfy { $0 == UInt8(ascii: "%") || PercentEncoding.isLiteral($0) }
  }

  /// Parses a program argument with each space written as `%20`; the program receives the decoded text.
  func argument(_ source: SourceText) -> Template { template(source) { decoded($0) } }

  /// Parses text without percent-encoding, such as a line that a program prints.
  func plainText(_ source: SourceText) -> Template { template(source) { $0.text } }

  private func decoded(_ literal: SourceText) -> String {
    guard let bytes = PercentEncoding.decode(literal.text) else {
      log.add(literal.location, "a '%' must be followed by two hexadecimal digits; write '%' itself as %25")
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func template(
    _ source: SourceText, mayHaveWidths: Bool = false, literal: (SourceText) -> String
  ) -> Template {
    var pieces: [Template.Piece] = []
    var index = 0
    while let open = source.firstIndex(of: "{", from: index) {
      if open > index { pieces.append(.literal(literal(source[index..<open]))) }
      guard let close = source.firstIndex(of: "}", from: open) else {
        log.add(source[open...].location, "this '{' has no '}' after it in the same word")
        return Template(pieces: pieces)
      }
      let name = source[open + 1..<close]
      check(name, mayHaveWidth: mayHaveWidths)
      pieces.append(.variable(name.text))
      index = close + 1
    }
    if index < source.count { pieces.append(.literal(literal(source[index...]))) }
    return Template(pieces: pieces)
  }

  private func check(_ source: SourceText, mayHaveWidth: Bool) {
    let name: String
    if mayHaveWidth, let integer = Template.Integer(source.text) {
      name = integer.variable
      guard Template.Integer.widths.contains(integer.width) else {
        log.add(source.location, "an integer has 1, 2, 4 or 8 bytes: {\(name):4}")
        return
      }
    } else {
      name = source.text
    }
    if captured.contains(name) || Self.isFresh(name) { return }
    for (suffix, names) in [(".pid", roles), (".uid", users)] where name.hasSuffix(suffix) {
      let role = String(name.dropLast(suffix.count))
      if !names.contains(role) {
        log.add(source.location, "unknown role '\(role)'\(Suggestion.clause(for: role, among: names))")
      }
      return
    }
    let known = Self.fresh + captured + parameters + roles.map { "\($0).pid" } + users.map { "\($0).uid" }
    let clause = Suggestion.clause(for: name, among: known)
    log.add(source.location, "unknown variable '\(name)'\(clause) (an earlier step must capture it)")
  }

  static func isFresh(_ name: String) -> Bool {
    let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    if parts[0] == "text" { return parts.count == 2 && Int(parts[1]).map { 1...65_536 ~= $0 } ?? false }
    guard fresh.contains(String(parts[0])) else { return false }
    return parts.count == 1 || Identifier.isVariable("_" + parts[1]) && !parts[1].isEmpty
  }
}
