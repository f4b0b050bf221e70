import Foundation
import Yams

/// A YAML file of the fixtures, with the place of everything in it.
struct Document {
  let file: String
  let log: MistakeLog
  let root: Node
  /// The bytes of the file, and the range of each line in them.
  private let bytes: [UInt8]
  private let lines: [Range<Int>]

  /// Parses `bytes`; nil, with the mistake in `log`, when they are no YAML or hold nothing.
  init?(file: String, bytes: Data, log: MistakeLog) {
    self.file = file
    self.log = log
    func mistake(_ line: Int, _ column: Int, _ message: String) {
      log.add(SourceLocation(file: file, line: line, column: column), message)
    }
    guard let text = ScenarioLoader.Source(file: file, bytes: bytes).text(log) else { return nil }
    self.bytes = Array(text.utf8)
    lines = Self.lines(of: self.bytes)
    if let (line, column) = Self.anchor(in: self.bytes, lines) {
      mistake(line, column, "here are no anchors: what stands twice is written twice, or is a parameter")
      return nil
    }
    do {
      // The basic resolver leaves every scalar the text that it is: what is a number is decided where one is due.
      guard let root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot() else {
        mistake(1, 1, "the file is empty")
        return nil
      }
      self.root = root
    } catch let error as YamlError {
      switch error {
      case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
        .composer(let context, let problem, let mark, _):
        let reason = (context.map { [$0.text] } ?? []) + [problem]
        mistake(mark.line, mark.column, "this is no YAML: \(reason.joined(separator: ", "))")
      case .duplicatedKeysInMapping(let keys, let context):
        let names = keys.map { "'\($0)'" }.joined(separator: ", ")
        mistake(context.mark.line, context.mark.column, "the key \(names) stands twice in one map; keep one of them")
      case .reader(let problem, let offset, _, _):
        let before = text.prefix(offset ?? 0).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        mistake(before.count, (before.last?.unicodeScalars.count ?? 0) + 1, "this is no YAML: \(problem)")
      default: mistake(1, 1, "this is no YAML: \(error)")
      }
      return nil
    } catch {
      mistake(1, 1, "this is no YAML: \(error)")
      return nil
    }
  }

  /// The lines as YAML ends them: by LF, CR, CR LF, NEL, LS or PS.
  private static func lines(of bytes: [UInt8]) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var start = 0
    var index = 0
    func matches(_ sequence: [UInt8]) -> Bool { bytes[index...].starts(with: sequence) }
    while index < bytes.count {
      let length: Int
      switch bytes[index] {
      case UInt8(ascii: "\n"): length = 1
      case UInt8(ascii: "\r"): length = matches([0x0D, 0x0A]) ? 2 : 1
      case 0xC2 where matches([0xC2, 0x85]): length = 2
      case 0xE2 where matches([0xE2, 0x80, 0xA8]) || matches([0xE2, 0x80, 0xA9]): length = 3
      default: length = 0
      }
      if length > 0 {
        lines.append(start..<index)
        start = index + length
      }
      index += max(length, 1)
    }
    lines.append(start..<bytes.count)
    return lines
  }

  /// Where the first anchor is, or what looks like one. Aliases of aliases of aliases stand for more than any machine has
  /// the memory for, or the time to compare.
  private static func anchor(in bytes: [UInt8], _ lines: [Range<Int>]) -> (line: Int, column: Int)? {
    guard bytes.contains(UInt8(ascii: "&")) else { return nil }
    for (number, line) in lines.enumerated() {
      var previous = UInt8(ascii: " ")
      for index in line {
        if bytes[index] == UInt8(ascii: "&"), index + 1 < line.upperBound, bytes[index + 1] != UInt8(ascii: " "),
          " \t[{,:".utf8.contains(previous)
        {
          return (number + 1, bytes[line.lowerBound..<index].count(where: Self.beginsCharacter) + 1)
        }
        previous = bytes[index]
      }
    }
    return nil
  }

  private static func beginsCharacter(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

  func location(of node: Node) -> SourceLocation {
    SourceLocation(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }

  func mistake(_ node: Node, _ message: String) { log.add(location(of: node), message) }

  /// What a node is, for people who wrote another one.
  static func kind(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "the text '\(abbreviated(scalar.string))'"
    case .mapping: "a map"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  static func abbreviated(_ text: String) -> String {
    text.unicodeScalars.count <= 60 ? text : String(text.unicodeScalars.prefix(57)) + "..."
  }

  /// Whether the value of `key` is `true`; no value is `false`.
  func isTrue(_ node: Node?, _ key: String) -> Bool {
    guard let node, let source = text(node, for: "'\(key)'") else { return false }
    if source.text != "true", source.text != "false" {
      log.add(source.location, "'\(key)' is true or false, not '\(source.text)'")
    }
    return source.text == "true"
  }

  /// The text of a scalar; nil, with the mistake logged, when `node` is none or empty.
  func text(_ node: Node, for what: String, mayBeEmpty: Bool = false) -> SourceText? {
    guard case .scalar(let scalar) = node, mayBeEmpty || !scalar.string.isEmpty else {
      mistake(node, "\(what) is a text, not \(Self.kind(of: node))")
      return nil
    }
    let place = location(of: node)
    let column = place.column + (scalar.style == .singleQuoted || scalar.style == .doubleQuoted ? 1 : 0)
    // Where the characters of the file are those of the text, each has its column; escapes and folded lines do not.
    let isExact =
      lines.indices.contains(place.line - 1)
      && self.bytes(from: column, of: lines[place.line - 1])
        .starts(with: scalar.string.utf8)
    return SourceText(scalar.string, file: file, line: place.line, column: column, isExact: isExact)
  }

  /// What a line holds from a column on.
  private func bytes(from column: Int, of line: Range<Int>) -> ArraySlice<UInt8> {
    var index = line.lowerBound
    var rest = column - 1
    while index < line.upperBound {
      if Self.beginsCharacter(bytes[index]) {
        if rest <= 0 { break }
        rest -= 1
      }
      index += 1
    }
    return bytes[index..<line.upperBound]
  }

  func list(_ node: Node, of what: String) -> [Node] {
    guard case .sequence(let sequence) = node else {
      mistake(node, "here stands a list of \(what), not \(Self.kind(of: node))")
      return []
    }
    return Array(sequence)
  }

  /// The entries of a map whose keys are texts.
  func map(_ node: Node, _ what: String) -> [(key: SourceText, value: Node)]? {
    guard case .mapping(let mapping) = node else {
      mistake(node, "\(what) is a map, not \(Self.kind(of: node))")
      return nil
    }
    return mapping.compactMap { key, value in text(key, for: "a key").map { ($0, value) } }
  }

  /// The entries of a map that may have these keys and no others.
  func map(_ node: Node, _ what: String, keys: [String]) -> [String: Node]? {
    map(node, what).map { entries in
      var result: [String: Node] = [:]
      for (key, value) in entries {
        if keys.contains(key.text) {
          result[key.text] = value
        } else {
          let name = Self.abbreviated(key.text)
          log.add(key.location, "\(what) has no key '\(name)'\(Suggestion.clause(for: name, among: keys))")
        }
      }
      return result
    }
  }
}
