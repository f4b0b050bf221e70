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
    let skipped = results.notRunCount(planned: summary.planned)
    let counts = "\(results.passedCount) passed, \(results.failedCount) failed"
    return matrix + verdicts + failures + complaints + ending + [counts + (skipped > 0 ? ", \(skipped) skipped" : "")]
  }

  /// As many tables one below the other as the width demands.
  private var matrix: [String] {
    let matrix = Matrix(results)
    let names = (matrix.mechanisms.map(\.harmless.count).max() ?? 0) + 2
    var tables: [[Column]] = []
    var used = 0
    for column in matrix.pairings.map({ Column($0, in: matrix) }) {
      if tables.isEmpty || used + column.width > style.width {
        tables.append([])
        used = names
      }
      tables[tables.count - 1].append(column)
      used += column.width
    }
    return tables.flatMap { columns in
      let head = columns.map { $0.heading.aligned(to: $0.width - 1) + " " }.joined()
      let rows = matrix.mechanisms.map { mechanism in
        mechanism.harmless.padded(to: names)
          + columns.map { cell(matrix[mechanism, $0.pairing], width: $0.width) }.joined()
      }
      return ([style.painted(String(repeating: " ", count: names) + head, .heading)] + rows).map(\.withoutSpacesBehind)
        + [""]
    }
  }

  private struct Column {
    let pairing: Matrix.Pairing
    let heading: String
    let width: Int

    init(_ pairing: Matrix.Pairing, in matrix: Matrix) {
      self.pairing = pairing
      self.heading = pairing.description.harmless
      let texts = matrix.mechanisms.compactMap { matrix[$0, pairing]?.text } + [heading + " "]
      self.width = (texts.map(\.count).max() ?? 0) + 2
    }
  }

  /// The space behind keeps the numbers in their column where there is no mark.
  private func cell(_ entry: Matrix.Entry?, width: Int) -> String {
    guard let entry else { return "-".aligned(to: width - 1) + " " }
    let text = entry.failures > 0 ? entry.text : entry.text + " "
    let paint: Style.Paint? = entry.failures > 0 ? .bad : entry.passed == entry.total ? .good : nil
    return String(repeating: " ", count: max(0, width - text.count)) + style.painted(text, paint)
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

  /// All of them once more: the first may have scrolled out of sight. A reason is given once for those that share it.
  private var failures: [String] {
    let failed = results.filter(\.isFailure)
    guard !failed.isEmpty else { return [] }
    let shown = failed.prefix(Self.mostListed)
    var lines = [style.painted("Not as expected", .heading)]
    for (result, next) in zip(shown, shown.dropFirst().map(Optional.some) + [nil]) {
      lines.append("  " + style.painted(result.verdict.rawValue.padded(to: 13), .bad) + result.cell.id.harmless)
      let reason = result.reason ?? result.expectation
      if next?.verdict != result.verdict || reason != next?.reason ?? next?.expectation {
        lines += indented(reason, by: 15)
      }
    }
    let rest = failed.count - shown.count
    return lines + (rest > 0 ? ["  and \(rest) more", ""] : [""])
  }

  /// What is left of the screen belongs to the matrix.
  private static let mostListed = 40

  private var complaints: [String] {
    guard !summary.complaints.isEmpty else { return [] }
    return [style.painted("Wrong with the run as a whole", .heading)]
      + summary.complaints.flatMap { complaint in
        indented(complaint, by: 4).enumerated().map { $0 == 0 ? "  -" + $1.dropFirst(3) : $1 }
      } + [""]
  }

  private var ending: [String] {
    let status = "Exit status \(summary.exitStatus): \(summary.exitMeaning)."
    return ["Took \(duration(summary.seconds)). " + style.painted(status, summary.exitStatus == 0 ? .good : .bad)]
  }

  private func indented(_ text: String?, by margin: Int) -> [String] {
    guard let text else { return [] }
    return text.harmless.wrapped(to: style.width - margin).map { String(repeating: " ", count: margin) + $0 }
  }
}
