/// Writes a benchmark run as tables for a terminal.
struct BenchmarkConsole {
  let document: BenchmarkDocument
  let style: Style

  var text: String {
    let tables = BenchmarkMode.allCases.flatMap { mode in
      BenchmarkPlacement.allCases.flatMap { placement in table(mode, placement) }
    }
    return (machine + tables + programs + comparisons + remarks).map { $0 + "\n" }.joined()
  }

  private var machine: [String] {
    let run = document.run
    let facts = BenchmarkText.facts(of: run)
    let width = (facts.map(\.0.count).max() ?? 0) + 2
    return facts.map { "  " + style.painted($0.0.padded(to: width), .faint) + $0.1.escapedForDisplay } + [""]
  }

  private func table(_ mode: BenchmarkMode, _ placement: BenchmarkPlacement) -> [String] {
    let results = document.results.filter { $0.mode == mode && $0.placement == placement }
    guard !results.isEmpty else { return [] }
    var table = TextTable()
    let pairings = BenchmarkText.pairings(of: results)
    let reference = document.run.reference
    let columns = mode == .flood ? ["\(reference) rate", "bytes/s"] : ["\(reference) p50", "p99"]
    table.add(
      [.init("benchmark"), .init("bytes", isNumber: true)] + columns.map { .init($0, isNumber: true) }
        + pairings.filter { $0 != reference }.map { .init($0, isNumber: true) } + [.init("noise", isNumber: true)])
    for result in results {
      guard let base = result[reference] else { continue }
      let values =
        mode == .flood
        ? [BenchmarkText.rate(base.messagesPerSecond), base.bytesPerSecond.map(BenchmarkText.bytes) ?? "-"]
        : [BenchmarkText.time(base.time.value), base.percentiles?["p99"].map(BenchmarkText.time) ?? "-"]
      table.add(
        [.init(result.benchmark), .init("\(result.size)", isNumber: true)]
          + values.map { .init($0, isNumber: true) }
          + pairings.filter { $0 != reference }.map { cell(result[$0]?.ratio) }
          + [.init("±\(decimal(result.control.spread * 100, places: 0)) %", isNumber: true)])
    }
    return [style.painted(BenchmarkText.title(mode, placement), .heading)]
      + "\(BenchmarkText.explanation(mode)) The last columns are ratios to \(reference) in the same round."
      .wrapped(to: style.width)
      + table.lines(style) + [""]
  }

  /// Returns the table cell for a ratio, with a marker if the ratio's interval is entirely above or below 1.
  private func cell(_ ratio: Estimate?) -> TextTable.Cell {
    guard let ratio else { return .init("-", isNumber: true) }
    let paint: Style.Paint? = ratio.low > 1.03 ? .bad : ratio.high < 1 ? .good : nil
    return .init(BenchmarkText.ratio(ratio), paint, isNumber: true)
  }

  private var programs: [String] {
    ExternalProgram.Kind.allCases.flatMap { kind -> [String] in
      let programs = document.programs.filter { $0.kind == kind }
      guard !programs.isEmpty else { return [] }
      var table = TextTable()
      for program in programs {
        table.add([
          .init(program.name), .init(BenchmarkText.time(program.time.value), isNumber: true),
          .init(program.bytesPerSecond.map(BenchmarkText.bytes) ?? "", isNumber: true), .init(program.title),
        ])
      }
      return [style.painted(BenchmarkText.title(kind), .heading)] + table.lines(style) + [""]
    }
  }

  private var comparisons: [String] {
    guard !document.comparisons.isEmpty else { return [] }
    var table = TextTable()
    for comparison in document.comparisons {
      let row = comparison.row
      table.add([
        .init(row[0]), .init(row[2], isNumber: true), .init("x \(row[1])"),
        .init(row[3], comparison.holds ? .good : .bad),
      ])
    }
    return [style.painted(ProgramComparison.title, .heading)] + table.lines(style) + [""]
  }

  private var remarks: [String] {
    let run = document.run
    return BenchmarkText.warnings(document).map { style.painted("warning: \($0)", .doubtful) }
      + document.notes.map { "note: \($0.escapedForDisplay)" }
      + document.problems.map { style.painted("problem: \($0.escapedForDisplay)", .bad) }
      + ["Took \(duration(run.seconds)): \(document.results.count) measurements, \(run.rounds) rounds."]
  }
}
