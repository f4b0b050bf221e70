/// Writes a benchmark run as a Markdown page.
struct BenchmarkMarkdown {
  let document: BenchmarkDocument

  var text: String {
    var page = MarkdownWriter()
    page.heading(1, "Costs")
    page.paragraph(
      """
      `ipc-interop bench` measured these costs and wrote this page. [measuring.md](measuring.md) describes the method. A
      ratio is the median of the ratios to \(reference.inMarkdownTable) in the same round, with a 95 % interval that
      contains the noise.
      """)
    page.table(["", ""], BenchmarkText.facts(of: document.run).map { [$0.0, $0.1.inMarkdownTable] })
    page.list(BenchmarkText.warnings(document) + document.notes.map(\.inMarkdownTable))
    page.list(document.problems.map { "**\($0.inMarkdownTable)**" })
    claims(&page)
    for mode in BenchmarkMode.allCases {
      for placement in BenchmarkPlacement.allCases { table(mode, placement, &page) }
    }
    programs(&page)
    comparisons(&page)
    return page.text
  }

  private var reference: String { document.run.reference }

  private func table(_ mode: BenchmarkMode, _ placement: BenchmarkPlacement, _ page: inout MarkdownWriter) {
    let results = document.results.filter { $0.mode == mode && $0.placement == placement }
    guard !results.isEmpty else { return }
    let others = BenchmarkText.pairings(of: results).filter { $0 != reference }
    page.heading(2, BenchmarkText.title(mode, placement))
    page.paragraph(BenchmarkText.explanation(mode))
    let measured = mode == .flood ? ["messages", "bytes"] : ["p50", "p99", "p99.9", "max"]
    page.table(
      ["benchmark", "bytes"] + measured + others.map(\.inMarkdownTable) + ["noise"],
      results.compactMap { result in
        guard let base = result[reference] else { return nil }
        let values =
          mode == .flood
          ? [BenchmarkText.rate(base.messagesPerSecond), base.bytesPerSecond.map(BenchmarkText.bytes) ?? ""]
          : measured.map { base.percentiles?[$0].map(BenchmarkText.time) ?? "" }
        return ["\(result.benchmark)", "\(result.size)"] + values
          + others.map { result[$0]?.ratio.map(BenchmarkText.ratio) ?? "" }
          + ["±\(decimal(result.control.spread * 100, places: 0)) %"]
      }, alignedRight: 1..<2 + measured.count + others.count + 1)
  }

  private func claims(_ page: inout MarkdownWriter) {
    let rows = document.results.compactMap { ClaimComparison($0, reference: reference) }
    guard !rows.isEmpty else { return }
    page.heading(2, "Claims and measurements")
    page.paragraph(
      "Descriptions of these mechanisms often claim these values. \(ClaimComparison.explanation)")
    page.table(
      ["benchmark", "bytes", "claimed", "measured", ""],
      rows.map { [$0.benchmark, "\($0.size)", $0.claimed, $0.measured, $0.verdict] }, alignedRight: 1..<4)
  }

  private func comparisons(_ page: inout MarkdownWriter) {
    guard !document.comparisons.isEmpty else { return }
    page.heading(2, ProgramComparison.title)
    page.paragraph(ProgramComparison.explanation)
    page.table(
      ["measurement", "times as long as", "", "bound"], document.comparisons.map { $0.row.map(\.inMarkdownTable) },
      alignedRight: 2..<3)
  }

  private func programs(_ page: inout MarkdownWriter) {
    for kind in ExternalProgram.Kind.allCases {
      let programs = document.programs.filter { $0.kind == kind }
      guard !programs.isEmpty else { continue }
      page.heading(2, BenchmarkText.title(kind))
      page.table(
        ["name", "what", "time", "bytes"],
        programs.map {
          [
            $0.name.inMarkdownTable, $0.title.inMarkdownTable, BenchmarkText.time($0.time.value),
            $0.bytesPerSecond.map(BenchmarkText.bytes) ?? "",
          ]
        }, alignedRight: 2..<4)
    }
  }
}

/// A common claim about a mechanism, and the measured value.
struct ClaimComparison {
  let benchmark: String
  let size: Int
  let claimed: String
  let measured: String
  /// A phrase that compares the measured value with the claim.
  let verdict: String

  static let explanation = "A one-way time is half of the median round trip."

  init?(_ result: BenchmarkResult, reference: String) {
    guard let claim = result.claim, let base = result[reference], result.placement == .twoCores else { return nil }
    benchmark = result.benchmark
    size = result.size
    let range =
      claim.low == claim.high ? Self.number(claim.low) : "\(Self.number(claim.low))-\(Self.number(claim.high))"
    claimed = "\(range) \(claim.unit)"
    let isTime = result.mode != .flood
    let value = isTime ? base.time.value / 2000 : (base.bytesPerSecond ?? 0) / 1e9
    measured = "\(BenchmarkText.digits(value)) \(claim.unit)"
    verdict =
      switch value {
      case ..<claim.low: isTime ? "faster" : "slower"
      case ...claim.high: "as claimed"
      default: isTime ? "slower" : "faster"
      }
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? decimal(value, places: 0) : decimal(value, places: 1)
  }
}
