import Foundation
import Yams

/// A YAML fixture file, with the location of every value.
///
/// Every fixture file is read through this type. It reports all errors in a file, including unknown keys, with file,
/// line, column and a suggestion.
struct FixtureDocument {
  let file: String
  let log: DiagnosticLog
  /// The value of the whole file.
  var root: Value { Value(document: self, node: node) }
  private let node: Node
  /// The bytes of the file, and the range of each line in them.
  private let bytes: [UInt8]
  private let lines: [Range<Int>]

  /// Parses a file.
  ///
  /// If the file is empty or not YAML, logs the reason and returns nil.
  init?(_ source: FixtureFile, log: DiagnosticLog) {
    file = source.file
    self.log = log
    func report(_ line: Int, _ column: Int, _ message: String) {
      log.add(SourceLocation(file: source.file, line: line, column: column), message)
    }

    guard let text = source.text(log) else { return nil }
    bytes = Array(text.utf8)
    lines = Self.lines(of: bytes)
    if let (line, column) = Self.anchor(in: bytes, lines) {
      report(line, column, "anchors are not supported; write the value twice, or use a parameter")
      return nil
    }
    do {
      // The basic resolver leaves every scalar as text, and `number` parses the text.
      guard let node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot() else {
        report(1, 1, "the file is empty")
        return nil
      }
      self.node = node
    } catch let error as YamlError {
      switch error {
      case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
        .composer(let context, let problem, let mark, _):
        let reason = (context.map { [$0.text] } ?? []) + [problem]
        // In a flow mapping, an unquoted brace begins another mapping.
        let hasBraces = context?.text == "while parsing a flow mapping"
        let hint = hasBraces ? "; write a value with braces in quotes, or on a separate line" : ""
        report(mark.line, mark.column, "this is not YAML: \(reason.joined(separator: ", "))\(hint)")
      case .duplicatedKeysInMapping(let keys, let context):
        let names = keys.map { "'\($0)'" }.joined(separator: ", ")
        let first = SourceLocation(file: source.file, line: context.mark.line, column: context.mark.column)
        let second = Self.repetition(of: keys.first ?? "", after: first, in: bytes, lines)
        report(
          second.line, second.column,
          second == first
            ? "the map has the key \(names) twice; keep one of them"
            : "the map has the key \(names) twice, first at \(first); keep one of them")
      case .reader(let problem, let offset, _, _):
        let before = text.prefix(offset ?? 0).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        report(before.count, (before.last?.unicodeScalars.count ?? 0) + 1, "this is not YAML: \(problem)")
      default: report(1, 1, "this is not YAML: \(error)")
      }
      return nil
    } catch {
      report(1, 1, "this is not YAML: \(error)")
      return nil
    }
  }

  /// Returns the location where a block repeats a key; the key's first location if no repetition can be found.
  private static func repetition(
    of key: String, after first: SourceLocation, in bytes: [UInt8], _ lines: [Range<Int>]
  ) -> SourceLocation {
    for number in first.line..<max(first.line, lines.count) {
      let indentation = bytes[lines[number]].prefix { $0 == UInt8(ascii: " ") }.count
      if indentation < first.column - 1, !lines[number].isEmpty { break }
      let text = bytes[lines[number]].dropFirst(first.column - 1)
      if indentation == first.column - 1, text.starts(with: "\(key):".utf8) {
        return SourceLocation(file: first.file, line: number + 1, column: first.column)
      }
    }
    return first
  }

  /// Splits the file at YAML line breaks: LF, CR, CR LF, NEL, LS or PS.
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

  /// Returns the position of the first anchor, or of the first text that looks like an anchor.
  ///
  /// Anchors are rejected because nested aliases can expand to more values than fit in memory.
  private static func anchor(in bytes: [UInt8], _ lines: [Range<Int>]) -> (line: Int, column: Int)? {
    guard bytes.contains(UInt8(ascii: "&")) else { return nil }
    for (number, line) in lines.enumerated() {
      var previous = UInt8(ascii: " ")
      for index in line {
        if bytes[index] == UInt8(ascii: "&"), index + 1 < line.upperBound, bytes[index + 1] != UInt8(ascii: " "),
          " \t[{,:".utf8.contains(previous)
        {
          return (number + 1, bytes[line.lowerBound..<index].count(where: beginsCharacter) + 1)
        }
        previous = bytes[index]
      }
    }
    return nil
  }

  private static func beginsCharacter(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

  /// Returns the text of a scalar.
  ///
  /// If the scalar contains no escapes and no folded lines, each character has its own column.
  fileprivate func sourceText(_ scalar: Node.Scalar, at place: SourceLocation) -> SourceText {
    let column = place.column + (scalar.style == .singleQuoted || scalar.style == .doubleQuoted ? 1 : 0)
    let isExact =
      lines.indices.contains(place.line - 1)
      && line(place.line - 1, from: column).starts(with: scalar.string.utf8)
    return SourceText(scalar.string, file: file, line: place.line, column: column, isExact: isExact)
  }

  private func line(_ number: Int, from column: Int) -> ArraySlice<UInt8> {
    let line = lines[number]
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
}

extension FixtureDocument {
  /// A value in the file, with its location.
  ///
  /// If the value does not have the form that an accessor requires, the accessor reports an error and returns nil or an
  /// empty result.
  struct Value {
    fileprivate let document: FixtureDocument
    fileprivate let node: Node

    var log: DiagnosticLog { document.log }
    var file: String { document.file }
    var location: SourceLocation {
      SourceLocation(file: document.file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
    var isList: Bool { if case .sequence = node { true } else { false } }
    var isMap: Bool { if case .mapping = node { true } else { false } }

    func report(_ message: String) { log.add(location, message) }

    private func value(_ node: Node) -> Value { Value(document: document, node: node) }

    /// A description of the value, for an error message.
    private var kind: String {
      switch node {
      case .scalar(let scalar): scalar.string.isEmpty ? "an empty value" : "the text '\(abbreviated(scalar.string))'"
      case .mapping: "a map"
      case .sequence: "a list"
      case .alias: "an alias"
      }
    }

    /// Returns the value as text; unless `mayBeEmpty` is true, empty text is an error.
    func text(_ what: String, mayBeEmpty: Bool = false) -> SourceText? {
      guard case .scalar(let scalar) = node, mayBeEmpty || !scalar.string.isEmpty else {
        report("\(what) must be a text, not \(kind)")
        return nil
      }
      return document.sourceText(scalar, at: location)
    }

    func boolean(_ what: String) -> Bool {
      guard let source = text(what) else { return false }
      if source.text != "true", source.text != "false" {
        log.add(source.location, "\(what) must be true or false, not '\(abbreviated(source.text))'")
      }
      return source.text == "true"
    }

    /// Returns a whole number.
    func number(_ what: String, in range: ClosedRange<Int>) -> Int? {
      guard let source = text(what) else { return nil }
      guard let number = Int(source.text), range.contains(number) else {
        log.add(
          source.location,
          "\(what) must be a number from \(range.lowerBound) to \(range.upperBound), not '\(abbreviated(source.text))'")
        return nil
      }
      return number
    }

    /// Returns the enumeration case whose raw value is the text.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ what: String, _: Choice.Type) -> Choice? {
      choice(what, among: Array(Choice.allCases))
    }

    func choice<Choice: RawRepresentable<String>>(_ what: String, among choices: [Choice]) -> Choice? {
      guard let source = text(what) else { return nil }
      if let choice = choices.first(where: { $0.rawValue == source.text }) { return choice }
      let clause = Suggestion.clause(for: source.text, among: choices.map(\.rawValue))
      log.add(source.location, "'\(abbreviated(source.text))' is not \(what)\(clause)")
      return nil
    }

    func list(_ what: String) -> [Value] {
      guard case .sequence(let sequence) = node else {
        report("expected a list of \(what), not \(kind)")
        return []
      }
      return sequence.map(value)
    }

    /// Returns the values of a nonempty list.
    func nonEmptyList(_ what: String) -> [Value] {
      let values = list(what)
      if values.isEmpty, isList { report("the list of \(what) is empty") }
      return values
    }

    func texts(_ what: String) -> [String] { list(what).compactMap { $0.text("a name")?.text } }

    /// Returns the entries of a map, whatever its keys.
    func map(_ what: String) -> [(key: SourceText, value: Value)]? {
      guard case .mapping(let mapping) = node else {
        report("\(what) must be a map, not \(kind)")
        return nil
      }
      return mapping.compactMap { key, node in value(key).text("a key").map { ($0, value(node)) } }
    }

    /// The value of a key; nil if this is not a map, or has no such key.
    subscript(key: String) -> Value? { node[key].map(value) }

    /// Returns the entries of a map with all required keys and no keys other than those in `keys`.
    func map(_ what: String, keys: [String], required: [String] = []) -> [String: Value]? {
      guard let entries = map(what) else { return nil }
      var result: [String: Value] = [:]
      for (key, value) in entries {
        if keys.contains(key.text) {
          result[key.text] = value
        } else {
          let name = abbreviated(key.text)
          log.add(key.location, "\(what) has no key '\(name)'\(Suggestion.clause(for: name, among: keys))")
        }
      }
      for key in required where result[key] == nil { report("\(what) must have the key '\(key)'") }
      return result
    }

    /// Calls `body` for every text in the value, at any depth.
    func forEachText(_ body: (String) -> Void) {
      switch node {
      case .scalar(let scalar): body(scalar.string)
      case .mapping(let mapping):
        for (key, node) in mapping {
          value(key).forEachText(body)
          value(node).forEachText(body)
        }
      case .sequence(let sequence): for node in sequence { value(node).forEachText(body) }
      case .alias: break
      }
    }
  }
}

/// Shortens text from a file for an error message.
func abbreviated(_ text: String) -> String {
  text.unicodeScalars.count <= 60 ? text : String(text.unicodeScalars.prefix(57)) + "..."
}
