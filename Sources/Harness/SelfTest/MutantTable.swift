/// The console report of a self-test: a line for each mutant, and how many were killed.
public struct MutantTable: Report {
  private let mutants: [Mutant]
  private let style: Style
  private var record = RunRecord()
  private var drawn = ""

  /// Creates a report for a self-test of `mutants`.
  public init(_ mutants: [Mutant], style: Style) {
    self.mutants = mutants
    self.style = style
  }

  /// Returns the text to print after an event, which may redraw lines.
  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    switch event {
    case .runEnded(let summary):
      defer { drawn = "" }
      return erasing + lines(summary).map { $0 + "\n" }.joined()
    case .cellEnded, .timePassed:
      guard style.isTerminal, let planned = record.description?.cells else { return "" }
      let status = "[\(record.count)/\(planned)] cells of the self-test"
      defer { drawn = status }
      return erasing + status
    case .recording, .runStarted, .cellStarted: return ""
    }
  }

  private var erasing: String { drawn.isEmpty ? "" : "\r\u{1B}[K" }

  private func lines(_ summary: RunSummary) -> [String] {
    let results = record.results
    let names = Set(mutants.map(\.name))
    func played(by name: String) -> [CellResult] {
      results.filter { result in result.cell.pairing.contains { $0.language == name } }
    }
    let controls = results.filter { result in !result.cell.pairing.contains { names.contains($0.language) } }
    let outcomes = mutants.compactMap { mutant in
      MutantOutcome(mutant, played(by: mutant.name)).map { (mutant: mutant, outcome: $0) }
    }
    var table = TextTable()
    for (mutant, outcome) in outcomes {
      let why = outcome.isKilled ? "\(mutant.verdict.rawValue): \(mutant.reason)" : ""
      table.add([
        .init(mutant.mechanism), .init(mutant.name), .init(mutant.language),
        .init(outcome.word, outcome.isKilled ? .good : .bad), .init(why),
      ])
    }
    var lines = table.lines(style, width: style.isTerminal ? style.width : nil)
    lines.append("")
    for result in results where !result.isExpected { lines += FailureDescription(result: result, style: style).lines }
    lines += summary.problems.map { style.painted($0.escapedForDisplay, .bad) }
    if !summary.problems.isEmpty { lines.append("") }
    let killed = outcomes.count { $0.outcome.isKilled }
    let notRun = outcomes.count { $0.outcome.isNotRun }
    let clean = controls.count { $0.isExpected }
    lines.append("\(clean) of \(counted(controls.count, "cell")) passed by the same builds without a mutant")
    lines.append(
      "Took \(duration(summary.seconds)). Exit status \(summary.exitStatus.rawValue): \(summary.exitStatus.meaning).")
    let rest = notRun > 0 ? ", \(notRun) not run here" : ""
    lines.append(
      style.painted("killed \(killed) of \(outcomes.count)\(rest)", killed + notRun == outcomes.count ? .good : .bad))
    return lines
  }
}

/// The result of a mutant in all of its cells.
private struct MutantOutcome {
  let isKilled: Bool
  /// Whether the result is unknown, because a need of its cells is not met.
  let isNotRun: Bool
  let word: String

  /// Evaluates the results of a mutant; nil if it was not selected.
  init?(_ mutant: Mutant, _ results: [CellResult]) {
    guard !results.isEmpty else { return nil }
    let isAsStated = results.allSatisfy(\.isExpected)
    isNotRun = isAsStated && results.contains { $0.verdict == .notRun }
    isKilled = isAsStated && !isNotRun
    let isSurvivor = results.contains { $0.verdict == .passed }
    word = isKilled ? "killed" : isNotRun ? "not run" : isSurvivor ? "SURVIVED" : "OTHERWISE"
  }
}

extension [Mutant] {
  /// The page `docs/mutants.md`, which lists the defect of each mutant and the cells that catch it.
  public var markdown: String {
    var page = MarkdownWriter()
    page.heading(1, "Mutants")
    page.paragraph(
      """
      \(count) peers with one deliberate defect each. `ipc-interop self-test` runs them, and the suite must catch every one
      in these cells, for this reason. Generated from `fixtures/mutants.yaml` by `make docs/mutants.md`.
      """)
    for mechanism in Set(map(\.mechanism)).sorted() {
      page.heading(2, mechanism)
      page.table(
        ["mutant", "peer", "what is wrong", "caught by", "reason"],
        filter { $0.mechanism == mechanism }.map { mutant in
          let catchers = mutant.catchers.map { catcher in
            let row = catcher.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
              .joined(separator: ",")
            return "`\(catcher.scenario)\(row.isEmpty ? "" : "[\(row)]")` as \(catcher.role)"
          }
          let verdict = mutant.verdict == .failed ? "" : "\(mutant.verdict.rawValue): "
          return [
            "`\(mutant.name)`", mutant.language, mutant.wrong.inMarkdownTable, catchers.joined(separator: ", "),
            "\(verdict)\(mutant.reason)".inMarkdownTable,
          ]
        })
    }
    return page.text
  }
}
