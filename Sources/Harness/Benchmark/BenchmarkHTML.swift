/// Writes a benchmark run as a self-contained HTML file with charts, without scripts or network access.
struct BenchmarkHTML {
  let document: BenchmarkDocument

  var text: String {
    HTMLPage.text(title: "Costs measured by ipc-interop") { page in page.element("main", content: write) }
  }

  /// Writes the page body, also used as a tab in a run report.
  func write(to page: inout XMLWriter) {
    page.element("h1", text: "What each mechanism costs")
    page.element("p", text: "Measured by ipc-interop bench in \(duration(document.run.seconds)).")
    table([], BenchmarkText.facts(of: document.run).map { [$0.0, $0.1] }, numbers: false, &page)
    page.list(BenchmarkText.warnings(document) + document.notes, class: "notes")
    page.list(document.problems, class: "problems")
    let placement: BenchmarkPlacement =
      document.results.contains { $0.placement == .twoCores } ? .twoCores : .oneCore
    let latency = LatencyChart(document, placement)
    if !latency.rows.isEmpty {
      page.element("h2", text: "Latency")
      page.element("p", text: "\(BenchmarkText.explanation(.pingPong)) Small messages, \(placement.rawValue).")
      latency.write(&page)
    }
    let throughput = ThroughputChart(document, placement)
    if !throughput.lines.isEmpty {
      page.element("h2", text: "Throughput")
      page.element("p", text: "\(document.run.reference), \(BenchmarkText.title(.flood, placement).lowercasedFirst).")
      throughput.write(&page)
    }
    ratios(&page)
    claims(&page)
    programs(&page)
    comparisons(&page)
    for mode in BenchmarkMode.allCases {
      for placement in BenchmarkPlacement.allCases { results(mode, placement, &page) }
    }
  }

  // MARK: - Heat map

  /// Writes the ratios for each pairing as colors and numbers.
  private func ratios(_ page: inout XMLWriter) {
    let pairings = BenchmarkText.pairings(of: document.results).filter { $0 != document.run.reference }
    guard !pairings.isEmpty else { return }
    page.element("h2", text: "Ratios to \(document.run.reference)")
    page.element(
      "p",
      text:
        "Below 1 is faster. A ratio is colored if its interval does not contain 1. Hover to see the interval."
    )
    page.element("div", [("class", "maps")]) { page in
      for pairing in pairings { heatMap(pairing, &page) }
    }
  }

  private func heatMap(_ pairing: String, _ page: inout XMLWriter) {
    let results = document.results.filter { $0[pairing]?.ratio != nil }
    let sizes = Set(results.map(\.size)).sorted()
    var names: [String] = []
    func name(_ result: BenchmarkResult) -> String {
      "\(result.benchmark) \(result.mode.rawValue)\(result.placement == .oneCore ? ", one core" : "")"
    }
    for result in results where !names.contains(name(result)) { names.append(name(result)) }
    page.table([pairing] + sizes.map(Self.size), class: "map") { page in
      for row in names {
        page.element("tr") { page in
          page.element("th", [("scope", "row")], text: row)
          for size in sizes {
            let found = results.first { name($0) == row && $0.size == size }
            guard let ratio = found?[pairing]?.ratio else {
              page.element("td", text: "")
              continue
            }
            let isCertain = !ratio.contains(1)
            page.element(
              "td",
              [
                ("style", isCertain ? "background:\(Self.colour(ratio.value))" : ""),
                ("title", BenchmarkText.ratio(ratio)),
                ("class", isCertain ? "certain" : "doubtful"),
              ], text: decimal(ratio.value, places: 2))
          }
        }
      }
    }
  }

  /// Returns a color from blue for 0.8 or less through white for 1 to red for 1.25 or more.
  static func colour(_ ratio: Double) -> String {
    let strength = min(abs(ratio - 1) / (ratio < 1 ? 0.2 : 0.25), 1)
    let (red, green, blue) = ratio < 1 ? (107.0, 174.0, 214.0) : (239.0, 138.0, 98.0)
    func mixed(_ end: Double) -> Int { Int((255 + (end - 255) * strength).rounded()) }
    return "rgb(\(mixed(red)),\(mixed(green)),\(mixed(blue)))"
  }

  static func size(_ bytes: Int) -> String {
    switch bytes {
    case ..<1024: "\(bytes) B"
    case ..<(1 << 20): "\(bytes / 1024) KiB"
    default: "\(bytes >> 20) MiB"
    }
  }

  // MARK: - Tables

  private func claims(_ page: inout XMLWriter) {
    let rows = document.results.compactMap { ClaimComparison($0, reference: document.run.reference) }
    guard !rows.isEmpty else { return }
    page.element("h2", text: "Claims and measurements")
    page.element(
      "p", text: "Descriptions of these mechanisms often claim these values. \(ClaimComparison.explanation)")
    table(
      ["benchmark", "bytes", "claimed", "measured", ""],
      rows.map { [$0.benchmark, "\($0.size)", $0.claimed, $0.measured, $0.verdict] }, &page)
  }

  private func programs(_ page: inout XMLWriter) {
    for kind in ExternalProgram.Kind.allCases {
      let programs = document.programs.filter { $0.kind == kind }
      guard !programs.isEmpty else { continue }
      page.element("h2", text: BenchmarkText.title(kind))
      table(
        ["name", "time", "bytes"],
        programs.map {
          [
            kind == .limit ? $0.name : "\($0.title), \($0.name)", BenchmarkText.time($0.time.value),
            $0.bytesPerSecond.map(BenchmarkText.bytes) ?? "",
          ]
        }, &page)
    }
  }

  private func comparisons(_ page: inout XMLWriter) {
    guard !document.comparisons.isEmpty else { return }
    page.element("h2", text: ProgramComparison.title)
    page.element("p", text: ProgramComparison.explanation)
    table(["measurement", "times as long as", "", "bound"], document.comparisons.map(\.row), &page)
  }

  private func results(_ mode: BenchmarkMode, _ placement: BenchmarkPlacement, _ page: inout XMLWriter) {
    let results = document.results.filter { $0.mode == mode && $0.placement == placement }
    guard !results.isEmpty else { return }
    let reference = document.run.reference
    let others = BenchmarkText.pairings(of: results).filter { $0 != reference }
    let measured = mode == .flood ? ["messages", "bytes"] : ["p50", "p90", "p99", "p99.9", "max"]
    page.element("h2", text: BenchmarkText.title(mode, placement))
    page.element("p", text: BenchmarkText.explanation(mode))
    table(
      ["benchmark", "size"] + measured.map { "\($0) \(reference)" } + others + ["noise"],
      results.compactMap { result in
        guard let base = result[reference] else { return nil }
        let values =
          mode == .flood
          ? [BenchmarkText.rate(base.messagesPerSecond), base.bytesPerSecond.map(BenchmarkText.bytes) ?? ""]
          : measured.map { base.percentiles?[$0].map(BenchmarkText.time) ?? "" }
        return [result.benchmark, Self.size(result.size)] + values
          + others.map { result[$0]?.ratio.map(BenchmarkText.ratio) ?? "" }
          + ["±\(decimal(result.control.spread * 100, places: 0)) %"]
      }, &page)
  }

  private func table(_ heading: [String], _ rows: [[String]], numbers: Bool = true, _ page: inout XMLWriter) {
    page.table(heading, class: numbers ? "numbers" : nil) { page in
      for row in rows {
        page.element("tr") { page in for cell in row { page.element("td", display: cell) } }
      }
    }
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
