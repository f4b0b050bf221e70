/// The console report for generated mutants: the survivors, and each language's score.
public struct GeneratedTable: Report {
  private let style: Style
  private var record = RunRecord()
  private var status = StatusLine()

  /// Creates a report.
  public init(style: Style) { self.style = style }

  /// Returns the text to print after an event; the text may redraw lines.
  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    switch event {
    case .runEnded(let summary): return status.update("", below: lines(summary))
    case .cellEnded, .timePassed:
      guard style.isTerminal, let planned = record.description?.cells else { return "" }
      return status.update("[\(record.count)/\(planned)] generated mutants")
    case .recording, .runStarted, .cellStarted: return ""
    }
  }

  private func lines(_ summary: RunSummary) -> [String] {
    var table = TextTable()
    for result in record.results where result.verdict != .passed || !result.isExpected {
      let word = result.verdict == .passed ? "KILLED" : result.expectation == nil ? "SURVIVED" : "equivalent"
      table.add([
        .init(result.cell.title), .init(word, result.expectation == nil ? .bad : nil),
        .init(result.expectation ?? result.outcome.reason ?? ""),
      ])
    }
    let scores = GeneratedScore.all(record.results).map { score in style.painted(score.description, .heading) }
    return table.lines(style, width: style.isTerminal ? style.width : nil)
      + summary.problems.map { style.painted($0.escapedForDisplay, .bad) } + [
        "Took \(duration(summary.seconds)). Exit status \(summary.exitStatus.rawValue): \(summary.exitStatus.meaning)."
      ] + scores
  }
}

/// The number of a language's generated mutants that were killed, survived or are equivalent.
struct GeneratedScore {
  let language: String
  let killed: Int
  let survived: Int
  let equivalent: Int

  var percentage: Double { killed + survived == 0 ? 100 : 100 * Double(killed) / Double(killed + survived) }

  var description: String {
    "\(language): \(killed + survived + equivalent) generated mutants, killed \(killed), survived \(survived), "
      + "equivalent \(equivalent): \(decimal(percentage, places: 1)) %"
  }

  static func all(_ results: [CellResult]) -> [GeneratedScore] {
    let ours = results.filter { $0.cell.mechanism == GeneratedMutant.mechanism }
    return Dictionary(grouping: ours) { String($0.cell.title.prefix { $0 != ":" }) }.sorted { $0.key < $1.key }.map {
      language, results in
      GeneratedScore(
        language: language, killed: results.count { $0.verdict == .passed },
        survived: results.count { $0.verdict != .passed && $0.expectation == nil },
        equivalent: results.count { $0.verdict != .passed && $0.expectation != nil })
    }
  }
}
