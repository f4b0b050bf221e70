/// The end of the console report: everything that a person wants to know who looks only now.
struct ConsoleSummary {
  private let results: [CellResult]
  private let summary: RunSummary
  private let style: Style

  init(record: RunRecord, summary: RunSummary, style: Style) {
    self.results = record.results
    self.summary = summary
    self.style = style
  }

  /// The last line stands for programs that look for nothing else.
  var lines: [String] {
    matrix + verdicts + failures + complaints + ending + [
      "\(results.passedCount) passed, \(results.failedCount) failed"
        + (results.notRunCount > 0 ? ", \(results.notRunCount) skipped" : "")
    ]
  }

  /// As many tables one below the other as the width demands.
  private var matrix: [String] {
    let matrix = Matrix(results)
    let names = (matrix.mechanisms.map(\.harmless.count).max() ?? 0) + 2
    var tables: [[Matrix.Pairing]] = []
    var used = 0
    for pairing in matrix.pairings {
      let width = columnWidth(pairing, matrix)
      if tables.isEmpty || used + width > style.width {
        tables.append([])
        used = names
      }
      tables[tables.count - 1].append(pairing)
      used += width
    }
    return tables.flatMap { pairings in
      let head =
        String(repeating: " ", count: names)
        + pairings.map { $0.description.harmless.aligned(to: columnWidth($0, matrix)) }.joined()
      let rows = matrix.mechanisms.map { mechanism in
        mechanism.harmless.padded(to: names)
          + pairings.map { pairing in
            let entry = matrix[mechanism, pairing]
            // The space behind keeps the numbers in their column where there is no mark.
            let text = entry.map { $0.failures > 0 ? $0.text : $0.text + " " } ?? "- "
            let paint: Style.Paint? = entry.map { $0.failures > 0 ? .bad : .good } ?? .faint
            return style.painted(text.aligned(to: columnWidth(pairing, matrix)), paint)
          }.joined()
      }
      return [style.painted(head, .heading)] + rows + [""]
    }
  }

  private func columnWidth(_ pairing: Matrix.Pairing, _ matrix: Matrix) -> Int {
    let texts = matrix.mechanisms.compactMap { matrix[$0, pairing]?.text } + [pairing.description.harmless]
    return (texts.map(\.count).max() ?? 0) + 3
  }

  /// One line for each verdict, and for each reason why it is as expected, or why cells were not run.
  private var verdicts: [String] {
    struct Kind: Hashable {
      let words: String
      let why: String?
    }
    var counts: [Kind: Int] = [:]
    var kinds: [(kind: Kind, paint: Style.Paint)] = []
    for verdict in Verdict.allCases {
      for result in results where result.verdict == verdict {
        let why: String? =
          if verdict == .notRun { result.reason } else if verdict != .passed, result.isExpected {
            result.expectation
          } else { nil }
        let kind = Kind(words: result.verdictInWords, why: why)
        if counts.updateValue(counts[kind, default: 0] + 1, forKey: kind) == nil {
          kinds.append((kind, result.isFailure ? .bad : verdict == .passed ? .good : .faint))
        }
      }
    }
    return kinds.flatMap { kind, paint in
      let text = kind.words + (kind.why.map { ": \($0.harmless)" } ?? "")
      return text.wrapped(to: style.width - 8).enumerated().map { index, line in
        (index == 0 ? String(counts[kind, default: 0]) : "").aligned(to: 6) + "  " + style.painted(line, paint)
      }
    } + (kinds.isEmpty ? [] : [""])
  }

  /// All of them once more: the first may have scrolled out of sight.
  private var failures: [String] {
    let failed = results.filter(\.isFailure)
    guard !failed.isEmpty else { return [] }
    return [style.painted("Not as expected", .heading)]
      + failed.flatMap { result in
        ["  " + style.painted(result.verdict.rawValue.padded(to: 13), .bad) + result.cell.id.harmless]
          + indented(result.reason ?? result.expectation, by: 15)
      } + [""]
  }

  private var complaints: [String] {
    guard !summary.complaints.isEmpty else { return [] }
    return [style.painted("Wrong with the run as a whole", .heading)]
      + summary.complaints.flatMap { complaint in
        indented(complaint, by: 4).enumerated().map { $0 == 0 ? "  -" + $1.dropFirst(3) : $1 }
      } + [""]
  }

  private var ending: [String] {
    let missing = summary.planned - results.count
    let interruption = summary.interrupted ? ["The run was interrupted."] : []
    let rest = missing > 0 ? ["\(counted(missing, "planned cell")) ended without a verdict."] : []
    let status = "Exit status \(summary.exitStatus): \(summary.exitMeaning)."
    return (interruption + rest).map { style.painted($0, .bad) } + [
      "Took \(duration(summary.seconds)). " + style.painted(status, summary.exitStatus == 0 ? .good : .bad)
    ]
  }

  private func indented(_ text: String?, by margin: Int) -> [String] {
    guard let text else { return [] }
    return text.harmless.wrapped(to: style.width - margin).map { String(repeating: " ", count: margin) + $0 }
  }
}
