import PeerContract

/// Turns text with variables into a ``Template``, and knows which variables there are at this point of a script.
struct TemplateParser {
  var roles: [String]
  let parameters: [String]
  let log: MistakeLog
  /// What earlier steps captured.
  var captured: Set<String> = []

  /// Names made fresh for each cell; a number or word may stand behind a dash.
  static let fresh = ["mq", "shm", "fifo", "path", "abstract", "key"]

  /// Percent-encoded text, as it stands on the wire.
  func wireValue(_ passage: Passage) -> Template {
    template(passage) { literal in
      _ = decoded(literal)
      if let stray = literal.text.first(where: { $0 != "%" && PercentEncoding.encode(String($0)) != String($0) }) {
        log.add(literal.location, "a '\(stray)' in a value is written \(PercentEncoding.encode(String(stray)))")
      }
      return literal.text
    }
  }

  /// An argument of a program: percent-encoded where it has a space in it, and given to the program as it was meant.
  func argument(_ passage: Passage) -> Template { template(passage) { decoded($0) } }

  /// Text for people, taken as it is.
  func plainText(_ passage: Passage) -> Template { template(passage) { $0.text } }

  private func decoded(_ literal: Passage) -> String {
    guard let bytes = PercentEncoding.decode(literal.text) else {
      log.add(literal.location, "a '%' is followed by two hexadecimal digits; a '%' itself is written %25")
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func template(_ passage: Passage, literal: (Passage) -> String) -> Template {
    var pieces: [Template.Piece] = []
    var index = 0
    while let open = passage.firstIndex(of: "{", from: index) {
      if open > index { pieces.append(.literal(literal(passage[index..<open]))) }
      guard let close = passage.firstIndex(of: "}", from: open) else {
        log.add(passage[open...].location, "this '{' has no '}' behind it in the same word")
        return Template(pieces: pieces)
      }
      let name = passage[open + 1..<close]
      check(name)
      pieces.append(.variable(name.text))
      index = close + 1
    }
    if index < passage.count { pieces.append(.literal(literal(passage[index...]))) }
    return Template(pieces: pieces)
  }

  private func check(_ passage: Passage) {
    let name = passage.text
    if captured.contains(name) || Self.isFresh(name) { return }
    if name.hasSuffix(".pid") {
      let role = String(name.dropLast(4))
      if !roles.contains(role) {
        log.add(passage.location, "unknown role '\(role)'\(Suggestion.clause(for: role, among: roles))")
      }
      return
    }
    let known = Self.fresh + captured + parameters + roles.map { "\($0).pid" }
    let clause = Suggestion.clause(for: name, among: known)
    log.add(passage.location, "unknown variable '\(name)'\(clause) (a capture must stand in an earlier step)")
  }

  static func isFresh(_ name: String) -> Bool {
    let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard fresh.contains(String(parts[0])) else { return false }
    return parts.count == 1 || Formula.isName("_" + parts[1]) && !parts[1].isEmpty
  }
}
