/// For a pull request, or the summary beside a pipeline: a headline, a matrix, and the failures folded away.
struct MarkdownReport: Report {
  private var record = RunRecord()

  /// Hosts refuse a text of more than about a mebibyte, and show none of it.
  private static let mostExplained = 50

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    let lines = headline(results, summary) + facts(summary) + complaints(summary) + matrix(results) + failures(results)
    return lines.joined(separator: "\n") + "\n"
  }

  private func headline(_ results: [CellResult], _ summary: RunSummary) -> [String] {
    let outcome =
      if summary.interrupted { "interrupted" } else { summary.exitMeaning }
    let (passed, failed, notRun) = (
      results.passedCount, results.failedCount, results.notRunCount(planned: summary.planned)
    )
    let known = summary.planned - passed - failed - notRun
    let counts =
      "\(passed) passed, \(failed) failed, \(notRun) not run" + (known > 0 ? ", \(known) otherwise as expected" : "")
    return [
      "## ipc-interop: \(outcome)", "", "**\(counts)** of \(summary.planned) planned, in \(duration(summary.seconds))",
    ]
  }

  private func facts(_ summary: RunSummary) -> [String] {
    guard let run = record.description else { return [""] }
    let facts =
      ["seed \(run.seed)", "isolation \(run.isolation)", run.kernel]
      + run.implementations.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return ["", facts.map { "<code>\(inline($0))</code>" }.joined(separator: " "), ""]
      + (run.notes.isEmpty ? [] : run.notes.map { "- note: <code>\(inline($0))</code>" } + [""])
  }

  private func complaints(_ summary: RunSummary) -> [String] {
    guard !summary.complaints.isEmpty else { return [] }
    return summary.complaints.map { "- <code>\(inline($0))</code>" } + [""]
  }

  private func matrix(_ results: [CellResult]) -> [String] {
    let matrix = Matrix(results)
    guard !matrix.mechanisms.isEmpty else { return [] }
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    return [
      row(["mechanism"] + matrix.pairings.map { inline($0.description) }),
      row(["---"] + matrix.pairings.map { _ in "---:" }),
    ]
      + matrix.mechanisms.map { mechanism in
        row(
          [inline(mechanism)]
            + matrix.pairings.map { pairing in
              matrix[mechanism, pairing].map { $0.failures > 0 ? "**\($0.text)**" : $0.text } ?? ""
            })
      } + [""]
  }

  private func failures(_ results: [CellResult]) -> [String] {
    let failed = results.filter(\.isFailure)
    let omitted = failed.count - Self.mostExplained
    return failed.prefix(Self.mostExplained).flatMap { result in
      let text = Explanation(result: result).body.map(\.escapedForXML)
      // Neither the first line nor what stands in `pre` is Markdown to a reader of it, empty lines or not.
      return [
        "<details><summary><code>\(result.cell.id.harmless.escapedForXML)</code> \(result.verdictInWords)</summary>",
        "",
        "<pre>",
      ] + text + ["</pre>", "", "</details>", ""]
    } + (omitted > 0 ? ["And \(omitted) more, which the JSON report explains.", ""] : [])
  }

  /// Inside a line of Markdown, where its marks would be obeyed even in an element.
  private func inline(_ text: String) -> String {
    text.harmless.unicodeScalars.map { scalar in
      #"\`*_[]|~$"#.unicodeScalars.contains(scalar) ? "&#\(scalar.value);" : String(scalar).escapedForXML
    }.joined()
  }
}
