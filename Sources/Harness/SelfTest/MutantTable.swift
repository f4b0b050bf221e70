/// The console report for a self-test: a line for each mutant, and the number of mutants killed.
public struct MutantTable: Report {
  private let mutants: [Mutant]
  private let ofRunner: [RunnerMutant]
  private let style: Style
  private var record = RunRecord()
  private var status = StatusLine()

  /// Creates a report for a self-test of `mutants` and runner mutants.
  public init(_ mutants: [Mutant], _ ofRunner: [RunnerMutant] = [], style: Style) {
    self.mutants = mutants
    self.ofRunner = ofRunner
    self.style = style
  }

  /// Returns the text to print after an event; the text may redraw lines.
  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    switch event {
    case .runEnded(let summary): return status.update("", below: lines(summary))
    case .cellEnded, .timePassed:
      guard style.isTerminal, let planned = record.description?.cells else { return "" }
      return status.update("[\(record.count)/\(planned)] cells of the self-test")
    case .recording, .runStarted, .cellStarted: return ""
    }
  }

  private func lines(_ summary: RunSummary) -> [String] {
    let results = record.results
    let names = Set(mutants.map(\.name))
    func played(by name: String) -> [CellResult] {
      results.filter { result in result.cell.pairing.contains { $0.language == name } }
    }
    let controls = results.filter { result in
      !result.cell.pairing.isEmpty && !result.cell.pairing.contains { names.contains($0.language) }
    }
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
    let runner = ofRunner.compactMap { RunnerMutantOutcome($0, results) }
    for outcome in runner { table.add(outcome.row) }
    var lines = table.lines(style, width: style.isTerminal ? style.width : nil)
    lines.append("")
    for result in results where !result.isExpected || style.verbose && ![.passed, .notRun].contains(result.verdict) {
      let mutant = mutants.first { mutant in result.cell.pairing.contains { $0.language == mutant.name } }
      lines += FailureDescription(result: result, style: style, defect: mutant?.wrong).lines
    }
    lines += summary.problems.map { style.painted($0.escapedForDisplay, .bad) }
    if !summary.problems.isEmpty { lines.append("") }
    let killed = outcomes.count { $0.outcome.isKilled }
    let notRun = outcomes.count { $0.outcome.isNotRun }
    let clean = controls.count { $0.isExpected }
    lines.append("\(clean) of \(counted(controls.count, "cell")) passed by the same builds without a mutant")
    lines += record.description?.notes.map(\.escapedForDisplay) ?? []
    lines.append(
      "Took \(duration(summary.seconds)). Exit status \(summary.exitStatus.rawValue): \(summary.exitStatus.meaning).")
    if !runner.isEmpty {
      let noticed = runner.count(where: \.isKilled)
      lines.append(
        style.painted(
          "mutants of the runner: killed \(noticed) of \(runner.count)", noticed == runner.count ? .good : .bad))
    }
    lines += GeneratedScore.all(results).map { "\($0.description), a sample" }
    let rest = notRun > 0 ? ", \(notRun) not run here" : ""
    lines.append(
      style.painted("killed \(killed) of \(outcomes.count)\(rest)", killed + notRun == outcomes.count ? .good : .bad))
    return lines
  }
}

/// The result of a mutant in all its cells.
private struct MutantOutcome {
  let isKilled: Bool
  /// Whether the result is unknown because this machine does not meet a requirement of the mutant's cells.
  let isNotRun: Bool
  let word: String

  /// Evaluates a mutant's results; nil if the mutant was not selected.
  init?(_ mutant: Mutant, _ results: [CellResult]) {
    guard !results.isEmpty else { return nil }
    let isAsStated = results.allSatisfy(\.isExpected)
    isNotRun = isAsStated && results.contains { $0.verdict == .notRun }
    isKilled = isAsStated && !isNotRun
    let isSurvivor = results.contains { $0.verdict == .passed }
    word = isKilled ? "killed" : isNotRun ? "not run" : isSurvivor ? "SURVIVED" : "OTHERWISE"
  }
}

/// The outcome of a runner mutant; all its tests must catch the mutant.
private struct RunnerMutantOutcome {
  let isKilled: Bool
  let row: [TextTable.Cell]

  /// Evaluates the tests of a runner mutant; nil if the mutant was not selected.
  init?(_ mutant: RunnerMutant, _ results: [CellResult]) {
    let tests = results.filter { $0.cell.scenario == RunnerMutantTrial.scenario(of: mutant.name) }
    guard !tests.isEmpty else { return nil }
    isKilled = tests.allSatisfy { $0.verdict == .passed }
    let isNotRun = !isKilled && tests.allSatisfy(\.isExpected)
    row = [
      .init(RunnerMutantTrial.mechanism), .init(mutant.name), .init(""),
      .init(isKilled ? "killed" : isNotRun ? "not run" : "SURVIVED", isKilled || isNotRun ? .good : .bad),
      .init(isKilled ? mutant.killers.map(\.name).joined(separator: ", ") : ""),
    ]
  }
}
