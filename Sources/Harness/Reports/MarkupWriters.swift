/// Writes indented XML or HTML, and escapes all text and attribute values.
struct XMLWriter {
  private var lines: [String]
  private var open: [String] = []

  /// Creates a writer for a document with the given first line.
  init(_ prologue: String = #"<?xml version="1.0" encoding="UTF-8"?>"#) { lines = [prologue] }

  typealias Attributes = [(name: String, value: String)]

  var text: String { (lines + [""]).joined(separator: "\n") }

  private var indentation: String { String(repeating: "  ", count: open.count) }

  /// Writes an element; `content` writes its contents.
  mutating func element(_ name: String, _ attributes: Attributes = [], content: (inout XMLWriter) -> Void) {
    lines.append("\(indentation)<\(name)\(Self.attributes(attributes))>")
    open.append(name)
    content(&self)
    open.removeLast()
    lines.append("\(indentation)</\(name)>")
  }

  /// Writes an element with text or, if `text` is nil, without content.
  mutating func element(_ name: String, _ attributes: Attributes = [], text: String? = nil) {
    let start = "\(indentation)<\(name)\(Self.attributes(attributes))"
    lines.append(text.map { "\(start)>\(Self.escaped($0))</\(name)>" } ?? "\(start)/>")
  }

  /// Writes an element whose content is not escaped: the style sheet or the script of an HTML page.
  mutating func element(_ name: String, raw content: StaticString) {
    lines.append("\(indentation)<\(name)>\n\(content)\n\(indentation)</\(name)>")
  }

  /// Writes a line of markup; the caller has escaped all text in it.
  mutating func line(_ markup: String) { lines.append(indentation + markup) }

  /// Returns an element whose content is markup; the caller has escaped all text in it.
  static func markup(_ name: String, _ content: String, _ attributes: Attributes = []) -> String {
    "<\(name)\(Self.attributes(attributes))>\(content)</\(name)>"
  }

  private static func attributes(_ attributes: Attributes) -> String {
    attributes.map { #" \#($0.name)="\#(escaped($0.value.escapedForDisplay))""# }.joined()
  }

  /// Escapes an attribute value or element text, for XML and for HTML.
  ///
  /// XML cannot escape most control characters, so the caller escapes the text for display first.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      // Element text must not contain `]]>`.
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}

/// Writes Markdown blocks, separated by empty lines.
package struct MarkdownWriter {
  private var blocks: [String] = []

  package init() {}

  package var text: String { blocks.joined(separator: "\n\n") + "\n" }

  package mutating func heading(_ level: Int, _ text: String) {
    blocks.append(String(repeating: "#", count: level) + " " + text)
  }

  package mutating func paragraph(_ text: String) { blocks.append(text) }

  /// Writes a list unless it is empty.
  package mutating func list(_ items: [String]) {
    if !items.isEmpty { blocks.append(items.map { "- \($0)" }.joined(separator: "\n")) }
  }

  /// Writes a table whose cells are Markdown; the columns in `alignedRight` contain numbers.
  package mutating func table(_ heading: [String], _ rows: [[String]], alignedRight: Range<Int> = 0..<0) {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rule = "|" + heading.indices.map { alignedRight.contains($0) ? "---:" : "---" }.joined(separator: "|") + "|"
    blocks.append(([line(heading), rule] + rows.map(line)).joined(separator: "\n"))
  }

  /// Writes a collapsed block; its summary and lines are plain text.
  mutating func details(_ summary: String, _ lines: [String]) {
    blocks.append("<details><summary>\(summary)</summary>")
    blocks.append((["<pre>"] + lines.map(XMLWriter.escaped) + ["</pre>"]).joined(separator: "\n"))
    blocks.append("</details>")
  }
}

extension String {
  /// The text escaped for a line of Markdown, whose markup is interpreted even inside an HTML element.
  var asInlineText: String {
    escapedForDisplay.unicodeScalars.map { scalar in
      #"\`*_[]|~$"#.unicodeScalars.contains(scalar) ? "&#\(scalar.value);" : XMLWriter.escaped(String(scalar))
    }.joined()
  }

  /// The escaped text in an HTML `code` element.
  var asInlineCode: String { "<code>\(asInlineText)</code>" }

  /// The text escaped for a cell of a Markdown table.
  ///
  /// Underscores are not escaped, because Markdown does not interpret an underscore inside a word.
  var inMarkdownTable: String { escapedForDisplay.withBackslash(before: ["\\", "`", "*", "[", "]", "<", "|"]) }

  /// Puts a backslash before each of `marks`.
  ///
  /// The method compares Unicode scalars, as a Markdown parser does. For Swift, a mark followed by a combining accent
  /// would be a different character.
  func withBackslash(before marks: Set<Unicode.Scalar>) -> String {
    unicodeScalars.map { marks.contains($0) ? "\\\($0)" : String($0) }.joined()
  }
}
