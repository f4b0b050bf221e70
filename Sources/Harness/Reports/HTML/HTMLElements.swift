/// The HTML elements that the pages use.
///
/// Non-void elements always have an end tag, as HTML requires.
extension XMLWriter {
  /// Writes an element whose text may come from a peer: invisible characters are escaped.
  mutating func element(_ name: String, _ attributes: Attributes = [], display text: String) {
    element(name, attributes, text: text.escapedForDisplay)
  }

  /// Writes a table of the given class; `rows` writes its body.
  ///
  /// Headings without text are omitted.
  mutating func table(_ heading: [String], class name: String? = nil, rows: (inout XMLWriter) -> Void) {
    element("div", [("class", "table")]) { page in
      page.element("table", name.map { [("class", $0)] } ?? []) { page in
        if heading.contains(where: { !$0.isEmpty }) {
          page.element("thead") { page in
            page.element("tr") { page in
              for text in heading { page.element("th", [("scope", "col")], display: text) }
            }
          }
        }
        page.element("tbody", content: rows)
      }
    }
  }

  /// Writes a row whose first cell is the row's heading.
  mutating func row(_ heading: String, _ cells: String...) { row(heading, cells: cells) }

  mutating func row(_ heading: String, cells: [String]) {
    let cells = cells.map { text in
      let isNumber = !text.isEmpty && text.allSatisfy { $0.isNumber || $0 == "/" }
      return Self.markup("td", Self.displayed(text), isNumber ? [("class", "number")] : [])
    }
    row(markup: [Self.markup("th", Self.displayed(heading), [("scope", "row")])] + cells)
  }

  /// Writes a row on one line, because a page with thousands of rows opens faster if there is no white space between
  /// the cells.
  mutating func row(markup cells: [String]) { line(Self.markup("tr", cells.joined())) }

  /// Returns markup for text that may come from a peer.
  static func displayed(_ text: String) -> String { escaped(text.escapedForDisplay) }

  /// Writes a block that is initially collapsed.
  mutating func collapsed(_ title: String, _ attributes: Attributes = [], content: (inout XMLWriter) -> Void) {
    element("details", attributes + [("class", "box")]) { page in
      page.element("summary", display: title)
      content(&page)
    }
  }

  /// Writes a list unless it is empty.
  mutating func list(_ items: [String], class name: String) {
    guard !items.isEmpty else { return }
    element("ul", [("class", name)]) { page in
      for item in items { page.element("li", display: item) }
    }
  }
}
