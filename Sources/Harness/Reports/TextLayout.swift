extension String {
  /// Returns the text padded with trailing spaces to `width` columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

  /// Returns the text padded with leading spaces to `width` columns.
  func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }

  var withoutTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }

  /// Returns the text, shortened to `width` columns with dots at the end if it is longer.
  func cut(to width: Int) -> String { count <= width ? self : prefix(Swift.max(0, width - 3)) + "..." }

  /// Returns the text, with the middle removed if it is longer than `limit`, because both ends of a payload are useful.
  func shortened(to limit: Int) -> String {
    let excess = count - limit
    guard excess > 0 else { return self }
    return "\(prefix(limit * 2 / 3)) ...\(excess) characters... \(suffix(limit / 3))"
  }

  /// Returns lines of at most `width` columns, broken at spaces or, in long lists, after commas.
  ///
  /// No line begins with `::`, which would start a CI service command.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var rest = withoutCommand[...]
    while rest.count > width {
      let limit = rest.index(rest.startIndex, offsetBy: width)
      let middle = rest.index(rest.startIndex, offsetBy: width / 2)
      let space = rest[...limit].lastIndex(of: " ") ?? rest.startIndex
      let comma = rest[..<limit].lastIndex(of: ",").map { rest.index(after: $0) } ?? rest.startIndex
      let end = space > middle ? space : max(space, comma)
      let cut = end == rest.startIndex ? limit : end
      lines.append(String(rest[..<cut]))
      rest = String(rest[cut...].drop { $0 == " " }).withoutCommand[...]
    }
    return lines + [String(rest)]
  }

  /// The text; if it begins with `::`, possibly after spaces, an escape replaces the first colon.
  private var withoutCommand: String {
    let spaces = unicodeScalars.prefix { $0.properties.isWhitespace }
    let rest = unicodeScalars[spaces.endIndex...]
    return rest.starts(with: "::".unicodeScalars) ? "\(String(spaces))\\x3a\(String(rest.dropFirst()))" : self
  }
}

/// A console table, with each column as wide as its widest cell and two spaces between columns.
package struct TextTable {
  package struct Cell {
    let text: String
    let paint: Style.Paint?
    let isNumber: Bool

    package init(_ text: String, isNumber: Bool = false) { self.init(text, nil, isNumber: isNumber) }

    /// Creates a cell; numbers are right-aligned.
    init(_ text: String, _ paint: Style.Paint?, isNumber: Bool = false) {
      self.text = text.escapedForDisplay
      self.paint = paint
      self.isNumber = isNumber
    }
  }

  private var rows: [[Cell]] = []

  package init() {}

  package mutating func add(_ row: [Cell]) { rows.append(row) }

  /// The width of each column, including the gap before it.
  private var widths: [Int] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.text.count)
      }
    }
    return widths
  }

  /// The lines of the table.
  ///
  /// If a line is wider than `width`, its last column is truncated; nil means no limit.
  package func lines(_ style: Style = Style(), width: Int? = nil) -> [String] {
    let widths = widths
    return rows.map { row in
      var line = ""
      var used = 0
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        if column > 0 {
          line += "  "
          used += 2
        }
        var text = cell.text
        if isLast, let width { text = text.cut(to: max(20, width - used)) }
        let spaces = String(repeating: " ", count: max(0, widths[column] - text.count))
        let painted = style.painted(text, cell.paint)
        line += cell.isNumber ? spaces + painted : isLast ? painted : painted + spaces
        used += widths[column]
      }
      return line.withoutTrailingSpaces
    }
  }
}
