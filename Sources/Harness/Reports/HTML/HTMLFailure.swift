/// The part of the HTML report that explains one failure.
struct HTMLFailure {
  let result: CellResult
  /// The columns of the matrix that the cell and its dependents belong to.
  let pairings: [Matrix.Pairing]
  /// The cells that are broken because of this failure, each with whether links lead to it.
  var dependents: [(cell: String, isLinked: Bool)] = []
  /// Whether the details are initially expanded.
  var isOpen = false
  /// Whether links to the cell lead to this part; if the cell was repeated, several parts describe it.
  var isLinked = true
  /// Whether the failure is new: the cell did not fail in the earlier run.
  var isNew = false

  /// The maximum number of messages shown for each role, from the end of its transcript.
  private static let maximumMessages = 60

  /// Returns the link to the part that explains a cell.
  static func link(to cell: String) -> String { "#cell-\(identifier(cell))" }

  /// Returns the cell id with each character that an HTML id or a URL fragment does not allow replaced by a hexadecimal
  /// number.
  private static func identifier(_ cell: String) -> String {
    cell.unicodeScalars.map { scalar in
      let isAllowed = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      return isAllowed ? String(scalar) : "-\(String(scalar.value, radix: 16))"
    }.joined()
  }

  func write(to page: inout XMLWriter) {
    let cell = result.cell
    let id = isLinked ? [("id", "cell-\(Self.identifier(cell.id))")] : []
    let columns = pairings.map(\.description).withoutDuplicates.joined(separator: "|")
    let data = [("data-mechanism", cell.mechanism), ("data-pairing", columns)]
    page.element("article", id + data) { page in
      page.element("details", isOpen ? [("open", "open")] : []) { page in
        page.element("summary") { page in
          page.element("strong", display: result.verdictInWords)
          if isNew { page.element("em", text: "new") }
          page.element("code", display: cell.id)
          page.element("span", display: result.outcome.reason ?? "")
        }
        page.element("p", display: cell.title)
        writeComparison(to: &page)
        writeTimeline(to: &page)
        writeRest(to: &page)
        writeDependents(to: &page)
        page.element("p") { page in
          page.element("span", text: "Run this cell again: ")
          page.element("code", [("class", "copy")], display: result.rerun)
        }
      }
    }
  }

  private var evidence: Evidence { result.outcome.evidence ?? Evidence() }

  private func writeComparison(to page: inout XMLWriter) {
    page.table(["", ""], class: "facts") { page in
      page.row("required by", "\(result.cell.spec) (\(result.cell.level.rawValue))")
      if let injection = result.cell.injection { page.row("injected", injection.description) }
      if let step = evidence.step { page.row("step", step) }
      page.row("at", "\(evidence.location ?? result.cell.location)")
      if let request = evidence.request { page.row("request", request.text) }
      if let expectation = result.expectation { page.row("expectation", expectation) }
    }
    let comparison = HTMLComparison(evidence)
    guard !comparison.rows.isEmpty else { return }
    page.table(["", "expected", "actual"]) { page in
      for row in comparison.rows {
        page.row(
          markup: [XMLWriter.markup("th", XMLWriter.displayed(row.heading), [("scope", "row")])]
            + [row.expected, row.actual].map { Self.cell($0, isBytes: row.isBytes) })
      }
    }
  }

  /// Writes the messages of all roles in one table, in chronological order, with a column for each role.
  private func writeTimeline(to page: inout XMLWriter) {
    let transcripts = evidence.transcripts
    let entries = transcripts.enumerated().flatMap { column, transcript in
      transcript.messages.suffix(Self.maximumMessages).map { (column: column, entry: $0) }
    }.enumerated().sorted { ($0.element.entry.seconds, $0.offset) < ($1.element.entry.seconds, $1.offset) }
    let states = transcripts.map { $0.state?.linesEscapedForDisplay.first ?? "" }
    guard !entries.isEmpty || states.contains(where: { !$0.isEmpty }) else { return }
    page.table(["ms"] + transcripts.map { "\($0.role) (\($0.language))" }, class: "timeline") { page in
      for (_, (column, entry)) in entries {
        let message = XMLWriter.markup("code", XMLWriter.displayed(entry.message.directedText.shortened(to: 600)))
        page.row(
          markup: [XMLWriter.markup("td", decimal(entry.seconds * 1000, places: 1), [("class", "number")])]
            + transcripts.indices.map { XMLWriter.markup("td", $0 == column ? message : "") })
      }
      if states.contains(where: { !$0.isEmpty }) { page.row("end", cells: states) }
    }
  }

  private func writeRest(to page: inout XMLWriter) {
    for transcript in evidence.transcripts {
      let role = "\(transcript.role) (\(transcript.language))"
      // Skip the first line, which contains the process state: the timeline already shows that state.
      let stack = transcript.state?.linesEscapedForDisplay.dropFirst() ?? []
      let errors = transcript.standardError.suffix(Self.maximumMessages).flatMap(\.linesEscapedForDisplay)
      for (title, lines) in [("Kernel stack", Array(stack)), ("Standard error", errors)] where !lines.isEmpty {
        page.element("h4", display: "\(title) of \(role)")
        page.list(lines, class: "lines")
      }
    }
    let sentences = evidence.differences.compactMap(\.recording?.reason)
    if !sentences.isEmpty {
      page.element("h4", text: "Differences from the recording")
      page.list(sentences, class: "lines")
    }
    guard !evidence.leftBehind.isEmpty else { return }
    page.element("h4", text: "Left behind")
    let more = evidence.leftBehindCount - evidence.leftBehind.count
    page.list(evidence.leftBehind.map(\.description) + (more > 0 ? ["and \(more) more"] : []), class: "lines")
  }

  private func writeDependents(to page: inout XMLWriter) {
    guard !dependents.isEmpty else { return }
    page.element("h4", text: "\(counted(dependents.count, "more cell")) broken because of it")
    page.element("ul", [("class", "lines")]) { page in
      for (cell, isLinked) in dependents {
        page.element("li", isLinked ? [("id", "cell-\(Self.identifier(cell))")] : [], display: cell)
      }
    }
  }

  /// Returns a table cell with the words; marked words are highlighted.
  private static func cell(_ words: [HTMLComparison.Word], isBytes: Bool) -> String {
    let text = words.map { word in
      let text = XMLWriter.displayed(word.text)
      return word.isMarked ? XMLWriter.markup("mark", text) : text
    }
    let code = XMLWriter.markup("code", text.joined(separator: " "))
    return XMLWriter.markup("td", code, isBytes ? [("class", "bytes")] : [])
  }
}
