import Foundation
import Yams

/// A YAML file of the fixtures, with the place of everything in it.
struct Document {
  let file: String
  let log: MistakeLog
  let root: Node
  private let lines: [Substring]

  /// Parses `bytes`; nil, with the mistake in `log`, when they are no YAML or hold nothing.
  init?(file: String, bytes: Data, log: MistakeLog) {
    self.file = file
    self.log = log
    func mistake(_ line: Int, _ column: Int, _ message: String) {
      log.add(SourceLocation(file: file, line: line, column: column), message)
    }
    guard let text = ScenarioLoader.Source(file: file, bytes: bytes).text(log) else { return nil }
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if let (line, column) = Self.anchor(in: lines) {
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

  /// Where the first anchor is, or what looks like one. Aliases of aliases of aliases stand for more than any machine has
  /// the memory for, or the time to compare.
  private static func anchor(in lines: [Substring]) -> (line: Int, column: Int)? {
    for (index, line) in lines.enumerated() where line.utf8.contains(UInt8(ascii: "&")) {
      var previous: Unicode.Scalar = " "
      let scalars = Array(line.unicodeScalars)
      for (column, scalar) in scalars.enumerated() {
        if scalar == "&", column + 1 < scalars.count, scalars[column + 1] != " ",
          " \t[{,:".unicodeScalars.contains(previous)
        {
          return (index + 1, column + 1)
        }
        previous = scalar
      }
    }
    return nil
  }

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
    guard let node, let passage = text(node, for: "'\(key)'") else { return false }
    if passage.text != "true", passage.text != "false" {
      log.add(passage.location, "'\(key)' is true or false, not '\(passage.text)'")
    }
    return passage.text == "true"
  }

  /// The text of a scalar; nil, with the mistake logged, when `node` is none or empty.
  func text(_ node: Node, for what: String, mayBeEmpty: Bool = false) -> Passage? {
    guard case .scalar(let scalar) = node, mayBeEmpty || !scalar.string.isEmpty else {
      mistake(node, "\(what) is a text, not \(Self.kind(of: node))")
      return nil
    }
    let place = location(of: node)
    let column = place.column + (scalar.style == .singleQuoted || scalar.style == .doubleQuoted ? 1 : 0)
    // Where the letters of the file are those of the text, each has its column; escapes and folded lines have not.
    let source =
      lines.indices.contains(place.line - 1) ? lines[place.line - 1].unicodeScalars : Substring().unicodeScalars
    let isExact = source.dropFirst(column - 1).starts(with: scalar.string.unicodeScalars)
    return Passage(scalar.string, file: file, line: place.line, column: column, isExact: isExact)
  }

  func list(_ node: Node, of what: String) -> [Node] {
    guard case .sequence(let sequence) = node else {
      mistake(node, "here stands a list of \(what), not \(Self.kind(of: node))")
      return []
    }
    return Array(sequence)
  }

  /// The entries of a map whose keys are texts.
  func map(_ node: Node, _ what: String) -> [(key: Passage, value: Node)]? {
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
