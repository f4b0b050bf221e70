extension RunComparison {
  /// The formats of a comparison.
  public static let formats: [ReportFormat] = [.console, .json, .markdown, .html]

  /// Returns the comparison in one of ``formats``.
  ///
  /// The HTML page is the report on `run`, and also contains the changes and the `costs`.
  public func text(
    _ format: ReportFormat, of run: SavedRun, costs: BenchmarkDocument? = nil, style: Style
  ) throws -> String {
    switch format {
    case .json: return try json(Document(self))
    case .markdown: return markdown
    case .html:
      var report = HTMLReport(comparison: self, costs: costs)
      return run.events.map { report.receive($0) }.joined()
    default: return console(style)
    }
  }

  private var groups: [(title: String, lines: [String], paint: Style.Paint)] {
    func lines(_ results: [CellResult]) -> [String] {
      results.map { result in
        result.cell.id + (result.isFailure ? " (\(result.verdictInWords)): \(result.outcome.reason ?? "")" : "")
      }
    }
    return [
      ("new failures", lines(newFailures), .bad), ("no longer run", noLongerRun, .doubtful),
      ("missing", Self.shortened(removed), .doubtful),
      ("fixed", lines(fixed), .good), ("still failing", lines(persistent), .faint),
    ].filter { !$0.1.isEmpty }
  }

  /// Shortens a list of ids, because a filtered run can omit thousands of cells.
  private static func shortened(_ ids: [String]) -> [String] {
    let limit = 20
    return ids.count <= limit ? ids : ids.prefix(limit) + ["and \(ids.count - limit) more"]
  }

  private func console(_ style: Style) -> String {
    let lines = groups.flatMap { group in
      [style.painted(group.title, group.paint)]
        + group.lines.flatMap { line in
          line.escapedForDisplay.wrapped(to: style.width - 4).enumerated().map { "  \($0 == 0 ? "" : "  ")\($1)" }
        } + [""]
    }
    return (lines + [summary]).joined(separator: "\n") + "\n"
  }

  private var markdown: String {
    var page = MarkdownWriter()
    page.heading(2, "ipc-interop: \(isWorse ? "worse than before" : "not worse than before")")
    page.paragraph("**\(summary)**")
    for group in groups {
      page.heading(3, group.title)
      page.list(group.lines.map(\.asInlineCode))
    }
    return page.text
  }

  private struct Document: Encodable {
    let newFailures: [CellResult]
    let noLongerRun: [String]
    let fixed: [String]
    let stillFailing: [String]
    let added: Int
    let missing: [String]
    let isWorse: Bool

    init(_ comparison: RunComparison) {
      newFailures = comparison.newFailures
      noLongerRun = comparison.noLongerRun
      fixed = comparison.fixed.map(\.cell.id)
      stillFailing = comparison.persistent.map(\.cell.id)
      added = comparison.added
      missing = comparison.removed
      isWorse = comparison.isWorse
    }
  }
}
