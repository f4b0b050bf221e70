/// Writes indented XML, and escapes all text and attribute values.
struct XMLWriter {
  private var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
  private var open: [String] = []

  typealias Attributes = [(name: String, value: String)]

  var text: String { (lines + [""]).joined(separator: "\n") }

  private var indentation: String { String(repeating: "  ", count: open.count) }

  /// An element with what `content` writes into it.
  mutating func element(_ name: String, _ attributes: Attributes = [], content: (inout XMLWriter) -> Void) {
    lines.append("\(indentation)<\(name)\(Self.attributes(attributes))>")
    open.append(name)
    content(&self)
    open.removeLast()
    lines.append("\(indentation)</\(name)>")
  }

  /// An element with text, or without content.
  mutating func element(_ name: String, _ attributes: Attributes = [], text: String? = nil) {
    let start = "\(indentation)<\(name)\(Self.attributes(attributes))"
    lines.append(text.map { "\(start)>\(Self.escaped($0))</\(name)>" } ?? "\(start)/>")
  }

  private static func attributes(_ attributes: Attributes) -> String {
    attributes.map { #" \#($0.name)="\#(escaped($0.value.escapedForDisplay))""# }.joined()
  }

  /// Escapes an attribute or the text of an element, in XML and in HTML.
  ///
  /// XML cannot escape most control characters, so the caller escapes the text for display first.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      // Also because `]]>` may not be in the text of an element.
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}

/// Writes Markdown: blocks that an empty line separates.
package struct MarkdownWriter {
  private var blocks: [String] = []

  package init() {}

  package var text: String { blocks.joined(separator: "\n\n") + "\n" }

  package mutating func heading(_ level: Int, _ text: String) {
    blocks.append(String(repeating: "#", count: level) + " " + text)
  }

  package mutating func paragraph(_ text: String) { blocks.append(text) }

  /// A list; nothing if it is empty.
  package mutating func list(_ items: [String]) {
    if !items.isEmpty { blocks.append(items.map { "- \($0)" }.joined(separator: "\n")) }
  }

  /// A table whose cells are Markdown.
  ///
  /// The columns `alignedRight` hold numbers.
  package mutating func table(_ heading: [String], _ rows: [[String]], alignedRight: Range<Int> = 0..<0) {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rule = "|" + heading.indices.map { alignedRight.contains($0) ? "---:" : "---" }.joined(separator: "|") + "|"
    blocks.append(([line(heading), rule] + rows.map(line)).joined(separator: "\n"))
  }

  /// Text that a reader unfolds.
  ///
  /// Neither its summary nor the lines are Markdown.
  mutating func details(_ summary: String, _ lines: [String]) {
    blocks.append("<details><summary>\(summary)</summary>")
    blocks.append((["<pre>"] + lines.map(XMLWriter.escaped) + ["</pre>"]).joined(separator: "\n"))
    blocks.append("</details>")
  }
}

extension String {
  /// Inside a line of Markdown, whose marks would be obeyed even in an element.
  var asInlineText: String {
    escapedForDisplay.unicodeScalars.map { scalar in
      #"\`*_[]|~$"#.unicodeScalars.contains(scalar) ? "&#\(scalar.value);" : XMLWriter.escaped(String(scalar))
    }.joined()
  }

  /// The same as code.
  var asInlineCode: String { "<code>\(asInlineText)</code>" }

  /// Inside a table, whose marks are obeyed even there.
  ///
  /// An underscore inside a word is not a mark.
  var inMarkdownTable: String { escapedForDisplay.withBackslash(before: ["\\", "`", "*", "[", "]", "<", "|"]) }

  /// Works on scalars, as a parser does: to Swift, a mark with a combining accent is a different character.
  func withBackslash(before marks: Set<Unicode.Scalar>) -> String {
    unicodeScalars.map { marks.contains($0) ? "\\\($0)" : String($0) }.joined()
  }
}
