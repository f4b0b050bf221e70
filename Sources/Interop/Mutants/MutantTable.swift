/// What people see of a self-test: a line for each mutant, and how many were killed.
public struct MutantTable: Report {
  private let mutants: [Mutant]
  private let style: Style
  private var record = RunRecord()
  private var drawn = ""

  public init(_ mutants: [Mutant], style: Style) {
    self.mutants = mutants
    self.style = style
  }

  public mutating func receive(_ event: Event) -> String {
    record.receive(event)
    switch event {
    case .runEnded(let summary):
      defer { drawn = "" }
      return erasing + lines(summary).map { $0 + "\n" }.joined()
    case .cellEnded, .timePassed:
      guard style.isTerminal, let planned = record.description?.cells else { return "" }
      defer { drawn = "[\(record.results.count)/\(planned)] cells of the self-test" }
      return erasing + "[\(record.results.count)/\(planned)] cells of the self-test"
    case .recording, .runStarted, .cellStarted: return ""
    }
  }

  private var erasing: String { drawn.isEmpty ? "" : "\r\u{1B}[K" }

  private func lines(_ summary: RunSummary) -> [String] {
    let results = record.results
    let names = Set(mutants.map(\.fault))
    func played(by name: String) -> [CellResult] {
      results.filter { result in result.cell.pairing.contains { $0.language == name } }
    }
    let controls = results.filter { result in !result.cell.pairing.contains { names.contains($0.language) } }
    let fates = mutants.map { (mutant: $0, fate: Fate($0, played(by: $0.fault))) }.filter { $0.fate != nil }
    let width = (fates.map(\.mutant.fault.count).max() ?? 0) + 2
    let first = (fates.map(\.mutant.mechanism.count).max() ?? 0) + 2
    let peers = (fates.map(\.mutant.language.count).max() ?? 0) + 2
    var lines: [String] = []
    for (mutant, fate) in fates {
      guard let fate else { continue }
      let text = mutant.mechanism.padded(to: first) + mutant.fault.padded(to: width) + mutant.language.padded(to: peers)
      let why = fate.isKilled ? "\(mutant.verdict.rawValue): \(mutant.reason)" : ""
      let room = style.isTerminal ? max(20, style.width - text.count - 11) : .max
      lines.append(text + style.painted(fate.word.padded(to: 11), fate.isKilled ? .good : .bad) + why.cut(to: room))
    }
    lines.append("")
    for result in results where !result.isExpected { lines += Explanation(result: result, style: style).lines }
    lines += summary.complaints.map { style.painted($0.harmless, .bad) }
    if !summary.complaints.isEmpty { lines.append("") }
    let killed = fates.count { $0.fate?.isKilled == true }
    let notRun = fates.count { $0.fate?.isNotRun == true }
    let clean = controls.count { $0.isExpected }
    lines.append("\(clean) of \(counted(controls.count, "cell")) passed by the same builds without a fault")
    lines.append("Took \(duration(summary.seconds)). Exit status \(summary.exitStatus): \(summary.exitMeaning).")
    let rest = notRun > 0 ? ", \(notRun) not run here" : ""
    lines.append(
      style.painted("killed \(killed) of \(fates.count)\(rest)", killed + notRun == fates.count ? .good : .bad))
    return lines
  }
}

/// What became of a mutant.
private struct Fate {
  let isKilled: Bool
  /// A need of its cells is not met: it is not known.
  let isNotRun: Bool
  let word: String

  /// Nil for one that was not to be run.
  init?(_ mutant: Mutant, _ results: [CellResult]) {
    guard !results.isEmpty else { return nil }
    let isAsStated = results.allSatisfy(\.isExpected)
    isNotRun = isAsStated && results.contains { $0.verdict == .notRun }
    isKilled = isAsStated && !isNotRun
    let isSurvivor = results.contains { $0.verdict == .passed }
    word = isKilled ? "killed" : isNotRun ? "not run" : isSurvivor ? "SURVIVED" : "OTHERWISE"
  }
}
