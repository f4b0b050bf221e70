/// The end of the console report.
///
/// Readers can understand the summary without the preceding output.
struct ConsoleSummary {
  private let results: [CellResult]
  private let summary: RunSummary
  private let capabilities: CapabilitySummary?
  private let style: Style

  init(record: RunRecord, summary: RunSummary, style: Style) {
    self.results = record.results
    self.summary = summary
    capabilities = record.description?.capabilities
    self.style = style
  }

  /// The lines of the summary; the last one has a fixed format, so that programs can parse it.
  var lines: [String] {
    let skipped = results.notRunCount(planned: summary.planned)
    let counts = "\(results.passedCount) passed, \(results.failedCount) failed"
    let injected = InjectionTable.ofPrograms(results).map { table in
      [style.painted("Calls that failed, and how often", .heading)] + table.lines(style)
    }
    return table + matrix + (injected ?? []) + verdicts + missing + failures + problems + notRun(skipped) + ending
      + [counts + (skipped > 0 ? ", \(skipped) skipped" : "") + results.knownFailures + summary.requirements]
  }

  /// The operations that the checked peer supports and lacks.
  private var table: [String] {
    guard let capabilities else { return [] }
    let rows = capabilities.mechanisms.map { row in
      let missing = row.missing.isEmpty ? "" : row.present.isEmpty ? "all" : row.missing.joined(separator: " ")
      return (row.mechanism, "\(row.present.count)/\(row.present.count + row.missing.count)", missing)
    }
    let names = rows.map(\.0.count).max() ?? 0
    let numbers = rows.map(\.1.count).max() ?? 0
    let margin = names + numbers + 4
    let heading = "Operations of \(capabilities.language.escapedForDisplay)"
    let omissions =
      capabilities.without.isEmpty
      ? []
      : ("omits " + capabilities.without.map(\.escapedForDisplay).joined(separator: " "))
        .wrapped(to: style.width - 2).map { "  " + $0 }
    return [style.painted(heading.padded(to: margin) + "  missing", .heading)]
      + rows.flatMap { name, number, missing in
        let lines = missing.isEmpty ? [""] : missing.wrapped(to: max(20, style.width - margin - 2))
        return lines.enumerated().map { index, line in
          let label = index == 0 ? name.padded(to: names) + "  " + number.aligned(to: numbers) : ""
          let text = line.isEmpty ? label : label.padded(to: margin) + line
          return missing.isEmpty ? style.painted(text, .good) : text
        }
      } + omissions + [""]
  }

  /// The matrix of mechanisms and pairings, split into several tables if it is too wide.
  private var matrix: [String] {
    let matrix = Matrix(results)
    let names = matrix.mechanisms.map(\.escapedForDisplay.count).max() ?? 0
    var tables: [[Matrix.Pairing]] = []
    var used = 0
    for pairing in matrix.pairings {
      let texts = [heading(pairing)] + matrix.mechanisms.map { cell(matrix[$0, pairing]).text }
      let width = 2 + (texts.map(\.count).max() ?? 0)
      if tables.isEmpty || used + width > style.width {
        tables.append([])
        used = names
      }
      tables[tables.count - 1].append(pairing)
      used += width
    }
    return tables.flatMap { pairings in
      var table = TextTable()
      table.add([.init("")] + pairings.map { .init(heading($0), .heading, isNumber: true) })
      for mechanism in matrix.mechanisms {
        table.add([.init(mechanism)] + pairings.map { cell(matrix[mechanism, $0]) })
      }
      return table.lines(style) + [""]
    }
  }

  /// Returns a heading with a trailing space, to align it with unmarked numbers.
  private func heading(_ pairing: Matrix.Pairing) -> String { pairing.description.escapedForDisplay + " " }

  private func cell(_ entry: Matrix.Entry?) -> TextTable.Cell {
    guard let entry else { return .init("- ", isNumber: true) }
    if entry.failures > 0 { return .init(entry.text, .bad, isNumber: true) }
    return .init(entry.text + " ", entry.passed == entry.total ? .good : nil, isNumber: true)
  }

  /// One line for each verdict, for each reason why a failure was expected, and for each reason why cells were not run.
  ///
  /// If all cells passed, these lines are omitted, and only the last line of the summary reports the result.
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
          if let missing = result.outcome.missing {
            "\(missing.language) does not have what they need"
          } else if verdict == .notRun { result.outcome.reason } else if verdict != .passed, result.isExpected {
            result.expectation
          } else { nil }
        let kind = Kind(words: result.verdictInWords, why: why)
        if counts.updateValue(counts[kind, default: 0] + 1, forKey: kind) == nil {
          kinds.append((kind, result.isFailure ? .bad : verdict == .passed ? .good : .faint))
        }
      }
    }
    if results.allSatisfy({ $0.verdict == .passed && $0.isExpected }) { return [] }
    return kinds.flatMap { kind, paint in
      let text = kind.words + (kind.why.map { ": \($0.escapedForDisplay)" } ?? "")
      return text.wrapped(to: style.width - 8).enumerated().map { index, line in
        (index == 0 ? String(counts[kind, default: 0]) : "").aligned(to: 6) + "  " + style.painted(line, paint)
      }
    } + (kinds.isEmpty ? [] : [""])
  }

  /// The operations, options and programs that a peer lacks, and the number of cells that need each.
  private var missing: [String] {
    let reasons = results.compactMap { $0.outcome.missing?.description }
    let counts = Dictionary(reasons.map { ($0, 1) }, uniquingKeysWith: +).sorted {
      ($1.value, $0.key) < ($0.value, $1.key)
    }
    guard !counts.isEmpty else { return [] }
    let lines = counts.prefix(Self.maximumListed).flatMap { reason, count in
      reason.escapedForDisplay.wrapped(to: style.width - 8).enumerated().map { index, line in
        (index == 0 ? String(count) : "").aligned(to: 6) + "  " + line
      }
    }
    let rest = counts.count - Self.maximumListed
    return [style.painted("Missing in a peer (--verbose lists the cells)", .heading)] + lines
      + (rest > 0 ? ["  and \(rest) more reasons", ""] : [""])
  }

  /// All failures again, grouped by reason.
  ///
  /// The first ones may no longer be visible on the screen.
  private var failures: [String] {
    let failed = FailureGroup.all(results)
    guard !failed.isEmpty else { return [] }
    let shown = failed.prefix(Self.maximumListed)
    var lines = [style.painted("Not as expected", .heading)]
    for (group, next) in zip(shown, shown.dropFirst().map { Optional($0.failure) } + [nil]) {
      let result = group.failure
      lines.append(
        "  " + style.painted(result.verdict.rawValue.padded(to: 13), .bad) + result.cell.id.escapedForDisplay)
      let reason = result.outcome.reason ?? result.expectation
      if next?.verdict != result.verdict || reason != next?.outcome.reason ?? next?.expectation {
        lines += indented(reason, by: 15)
      }
      lines += indented(group.consequenceWithNames, by: 15)
    }
    let rest = failed.count - shown.count
    return lines + (rest > 0 ? ["  and \(rest) more", ""] : [""])
  }

  /// The maximum number of listed failures; it leaves room for the matrix on the screen.
  private static let maximumListed = 40

  private var problems: [String] {
    guard !summary.problems.isEmpty else { return [] }
    return [style.painted("Problems of the run as a whole", .heading)]
      + summary.problems.flatMap { problem in
        indented(problem, by: 4).enumerated().map { $0 == 0 ? "  -" + $1.dropFirst(3) : $1 }
      } + [""]
  }

  /// Returns the number and percentage of cells that were not run, by mechanism; the largest percentage comes first.
  private func notRun(_ skipped: Int) -> [String] {
    guard skipped > 0, summary.planned > 0 else { return [] }
    let shares = Dictionary(grouping: results, by: \.cell.mechanism).compactMap { mechanism, results in
      let count = results.count { $0.verdict == .notRun }
      return count == 0
        ? nil : (share: Double(count) / Double(results.count), "\(mechanism) \(count) of \(results.count)")
    }.sorted { ($1.share, $0.1) < ($0.share, $1.1) }
    let percent = decimal(100 * Double(skipped) / Double(summary.planned), places: 1)
    let mechanisms = shares.isEmpty ? "." : ": " + shares.map(\.1).joined(separator: ", ") + "."
    let text = "Not run: \(skipped) of \(counted(summary.planned, "cell")) (\(percent) %)" + mechanisms
    return (text + " --require-min and --require-operations can make that a failure.").escapedForDisplay.wrapped(
      to: style.width
    ).map {
      style.painted($0, .bad)
    } + [""]
  }

  private var ending: [String] {
    let status = "Exit status \(summary.exitStatus.rawValue): \(summary.meaning)."
    return [
      "Took \(duration(summary.seconds)). " + style.painted(status, summary.exitStatus == .asExpected ? .good : .bad)
    ]
  }

  private func indented(_ text: String?, by margin: Int) -> [String] {
    guard let text else { return [] }
    return text.escapedForDisplay.wrapped(to: style.width - margin).map { String(repeating: " ", count: margin) + $0 }
  }
}
