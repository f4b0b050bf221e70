/// The report for a pull request or a pipeline summary: a headline, a matrix, and collapsed failures.
struct MarkdownReport: Report {
  private var record = RunRecord()
  /// The maximum number of failures with details, and the maximum page size in bytes.
  ///
  /// Code hosts reject pages larger than 1 MiB.
  private static let maximumExplained = 50
  private static let maximumSize = 900_000

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    var page = MarkdownWriter()
    page.heading(2, "ipc-interop: \(summary.interrupted ? "interrupted" : summary.meaning)")
    page.paragraph("**\(summary.counts(of: results))** of \(summary.planned) planned, in \(duration(summary.seconds))")
    if let run = record.description {
      let facts =
        ["seed \(run.seed)", "isolation \(run.isolation)", run.kernel]
        + run.implementations.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      page.paragraph(facts.map(\.asInlineCode).joined(separator: " "))
      page.list(run.notes.map { "note: \($0.asInlineCode)" })
    }
    page.list(summary.problems.map(\.asInlineCode))
    if let capabilities = record.description?.capabilities { write(capabilities, to: &page) }
    writeMatrix(results, to: &page)
    writeFailures(results, to: &page)
    return page.text
  }

  private func write(_ capabilities: CapabilitySummary, to page: inout MarkdownWriter) {
    page.table(
      ["operations of \(capabilities.language)".asInlineText, "has", "missing"],
      capabilities.mechanisms.map { row in
        [
          row.mechanism.asInlineText, "\(row.present.count)/\(row.present.count + row.missing.count)",
          row.missing.joined(separator: " ").asInlineText,
        ]
      }, alignedRight: 1..<2)
  }

  private func writeMatrix(_ results: [CellResult], to page: inout MarkdownWriter) {
    let matrix = Matrix(results)
    guard !matrix.mechanisms.isEmpty else { return }
    page.table(
      ["mechanism"] + matrix.pairings.map(\.description.asInlineText),
      matrix.mechanisms.map { mechanism in
        [mechanism.asInlineText]
          + matrix.pairings.map { pairing in
            matrix[mechanism, pairing].map { $0.failures > 0 ? "**\($0.text)**" : $0.text } ?? ""
          }
      }, alignedRight: 1..<matrix.pairings.count + 1)
  }

  private func writeFailures(_ results: [CellResult], to page: inout MarkdownWriter) {
    let failed = FailureGroup.all(results)
    var explained = 0
    for group in failed.prefix(Self.maximumExplained) {
      let result = group.failure
      let id = XMLWriter.escaped(result.cell.id.escapedForDisplay)
      let consequence = group.consequenceWithNames.map { ["", "  \($0.escapedForDisplay)"] } ?? []
      let lines = FailureDescription(result: result).body + consequence
      guard page.text.utf8.count + lines.reduce(0, { $0 + 6 * $1.utf8.count }) < Self.maximumSize else { break }
      page.details("<code>\(id)</code> \(result.verdictInWords)", lines)
      explained += 1
    }
    let omitted = failed.count - explained
    if omitted > 0 { page.paragraph("And \(omitted) more, which the JSON report explains.") }
  }
}
