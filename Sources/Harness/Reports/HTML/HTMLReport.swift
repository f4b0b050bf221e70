/// The report as one HTML file that needs no network access.
///
/// All data is in tables and `details` elements, so the page works without JavaScript, which is used only to filter. To
/// keep the page small, passing cells are only counted, and evidence is shown only for failures.
struct HTMLReport: Report {
  private var record = RunRecord()
  /// The changes since an earlier run; nil if the run is not compared.
  private let comparison: RunComparison?
  /// The measured costs of the mechanisms; nil if the page does not show costs.
  private let costs: BenchmarkDocument?

  init(comparison: RunComparison? = nil, costs: BenchmarkDocument? = nil) {
    self.comparison = comparison
    self.costs = costs
  }

  /// The maximum number of failures with evidence, so that the page stays small.
  private static let maximumExplained = 300
  /// The maximum number of changes listed for each kind of change, because a filtered run can omit thousands of cells.
  private static let maximumChanges = 50
  /// The maximum number of reasons for cells not run that are initially visible; the page collapses the others.
  private static let maximumReasons = 8

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    let verdict = summary.verdict(of: results)
    return HTMLPage.text(title: "ipc-interop: \(verdict)", script: HTMLScript.text) { page in
      writeHeader(verdict, results, summary, to: &page)
      writeNavigation(results, to: &page)
      page.element("main") { page in
        page.element("div", [("id", "results")]) { page in
          writeNotRun(results, summary, to: &page)
          if let comparison { write(comparison, to: &page) }
          writeMatrix(results, to: &page)
          writeFailures(results, to: &page)
          writeExpectedFailures(results, to: &page)
          writeScenarios(results, to: &page)
        }
        if let costs {
          page.element("div", [("id", "costs")], content: BenchmarkHTML(document: costs).write)
        }
      }
    }
  }

  private func writeHeader(
    _ verdict: String, _ results: [CellResult], _ summary: RunSummary, to page: inout XMLWriter
  ) {
    let isGood = summary.exitStatus == .asExpected
    page.element("header", [("class", isGood ? "good" : "bad")]) { page in
      page.element("h1", text: "ipc-interop: \(verdict)")
      page.element(
        "p", [("class", "counts")],
        text: "\(summary.counts(of: results)) of \(counted(summary.planned, "cell")), in \(duration(summary.seconds))")
      page.list(summary.problems, class: "problems")
      if let run = record.description { write(run, to: &page) }
    }
  }

  private func writeNavigation(_ results: [CellResult], to page: inout XMLWriter) {
    let failures = FailureGroup.all(results).count
    let links = [
      ("#results", "Results"), ("#failures", failures > 0 ? counted(failures, "failure") : ""),
      ("#scenarios", "Scenarios"), ("#costs", costs == nil ? "" : "Costs"),
    ]
    page.element("nav") { page in
      for (target, text) in links where !text.isEmpty { page.element("a", [("href", target)], text: text) }
      page.element("form", [("id", "filter"), ("hidden", "hidden")]) { page in
        page.element("output", [("id", "shown")], text: "")
        page.element("button", [("id", "clear"), ("type", "button"), ("hidden", "hidden")], text: "Show all")
        page.element("label", [("for", "search")], text: "Filter")
        page.element(
          "input",
          [
            ("id", "search"), ("type", "search"), ("autocomplete", "off"),
            ("placeholder", "words, such as: leaked c>c"),
            ("title", "/ focuses the filter, Escape clears it, j and k move between failures"),
          ])
      }
    }
  }

  private func write(_ run: RunDescription, to page: inout XMLWriter) {
    let facts =
      [("isolation", run.isolation), ("kernel", run.kernel), ("seed", "\(run.seed)"), ("jobs", "\(run.jobs)")]
      + run.implementations.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    page.element("dl") { page in
      for (name, value) in facts {
        page.element("div") { page in
          page.element("dt", display: name)
          page.element("dd", display: value)
        }
      }
    }
    page.list(run.notes, class: "notes")
  }

  private func write(_ comparison: RunComparison, to page: inout XMLWriter) {
    page.element("section", [("id", "changes")]) { page in
      page.element("h2", text: "Since the earlier run")
      page.element("p", text: comparison.summary)
      let groups = [
        ("New failures", comparison.newFailures.map(\.cell.id)), ("No longer run", comparison.noLongerRun),
        ("Missing", comparison.removed), ("Fixed", comparison.fixed.map(\.cell.id)),
      ]
      let explained = Set(
        FailureGroup.all(record.results).prefix(Self.maximumExplained).flatMap { [$0.failure.cell.id] + $0.dependents })
      for (title, ids) in groups where !ids.isEmpty {
        page.collapsed("\(title): \(ids.count)") { page in
          page.element("ul") { page in
            for id in ids.prefix(Self.maximumChanges) {
              if explained.contains(id) {
                page.element("li") { $0.element("a", [("href", HTMLFailure.link(to: id))], display: id) }
              } else {
                page.element("li", display: id)
              }
            }
            let omitted = ids.count - Self.maximumChanges
            if omitted > 0 { page.element("li", text: "and \(omitted) more") }
          }
        }
      }
    }
  }

  private func writeMatrix(_ results: [CellResult], to page: inout XMLWriter) {
    let matrix = Matrix(results)
    guard !matrix.mechanisms.isEmpty else { return }
    page.element("section", [("id", "matrix")]) { page in
      page.element("h2", text: "Cells that passed")
      page.table(["mechanism"] + matrix.pairings.map(\.description), class: "matrix") { page in
        for mechanism in matrix.mechanisms {
          page.element("tr") { page in
            page.element("th", [("scope", "row")]) {
              $0.element("a", [("href", "#m=\(mechanism)")], display: mechanism)
            }
            for pairing in matrix.pairings {
              guard let entry = matrix[mechanism, pairing] else {
                page.element("td", text: "")
                continue
              }
              let kind = entry.failures > 0 ? "bad" : entry.passed == entry.total ? "good" : "part"
              page.element("td", [("class", kind)]) { page in
                page.element(
                  "a", [("href", "#m=\(mechanism)&p=\(pairing)")], text: "\(entry.passed)/\(entry.total)")
                for (count, name) in [(entry.failures, "failed"), (entry.notRun, "not run")] where count > 0 {
                  page.element("small", text: "\(count) \(name)")
                }
              }
            }
          }
        }
      }
    }
  }

  private func writeFailures(_ results: [CellResult], to page: inout XMLWriter) {
    let failed = FailureGroup.all(results)
    guard !failed.isEmpty else { return }
    page.element("section", [("id", "failures")]) { page in
      page.element("h2", text: "Failures")
      let matrix = Matrix(results)
      let new = Set(comparison?.newFailures.map(\.cell.id) ?? [])
      let cells = Dictionary(results.map { ($0.cell.id, $0.cell) }) { first, _ in first }
      var linked: Set<String> = []
      for (index, group) in failed.prefix(Self.maximumExplained).enumerated() {
        let result = group.failure
        let pairings = [result.cell] + group.dependents.compactMap { cells[$0] }
        HTMLFailure(
          result: result, pairings: pairings.map(matrix.pairing),
          dependents: group.dependents.map { ($0, linked.insert($0).inserted) }, isOpen: index == 0,
          isLinked: linked.insert(result.cell.id).inserted, isNew: new.contains(result.cell.id)
        ).write(to: &page)
      }
      let others = failed.dropFirst(Self.maximumExplained)
      guard !others.isEmpty else { return }
      page.collapsed("And \(others.count) more, which the JSON report explains") { page in
        page.table(["cell", "verdict", "reason"]) { page in
          for group in others {
            let reason = [group.failure.outcome.reason, group.consequence].compactMap(\.self).joined(separator: "; ")
            page.row(group.failure.cell.id, group.failure.verdictInWords, reason)
          }
        }
      }
    }
  }

  private func writeExpectedFailures(_ results: [CellResult], to page: inout XMLWriter) {
    let known = results.filter { $0.isExpected && $0.verdict != .passed && $0.verdict != .notRun }
    guard !known.isEmpty else { return }
    page.element("section", [("id", "expected-failures")]) { page in
      page.element("h2", text: "Failures that were expected")
      page.table(["cell", "verdict", "reason", "why it is expected"]) { page in
        for result in known {
          page.row(result.cell.id, result.verdict.rawValue, result.outcome.reason ?? "", result.expectation ?? "")
        }
      }
    }
  }

  private func writeNotRun(_ results: [CellResult], _ summary: RunSummary, to page: inout XMLWriter) {
    let groups = Dictionary(grouping: results.filter { $0.verdict == .notRun }) { $0.outcome.reason ?? "no reason" }
    var rows = groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { reason, cells in
      [reason, "\(cells.count)", Set(cells.map(\.cell.mechanism)).sorted().joined(separator: ", ")]
    }
    let silent = summary.planned - results.count
    if silent > 0 { rows.insert(["the run ended first", "\(silent)", ""], at: 0) }
    guard !rows.isEmpty else { return }
    func write(_ rows: ArraySlice<[String]>, to page: inout XMLWriter) {
      page.table(["reason", "cells", "mechanisms"]) { page in
        for row in rows { page.row(row[0], cells: Array(row.dropFirst())) }
      }
    }
    page.element("section", [("id", "not-run")]) { page in
      page.element("h2", text: "Cells that were not run")
      write(rows.prefix(Self.maximumReasons), to: &page)
      let others = rows.dropFirst(Self.maximumReasons)
      if !others.isEmpty { page.collapsed("\(counted(others.count, "more reason"))") { write(others, to: &$0) } }
    }
  }

  private func writeScenarios(_ results: [CellResult], to page: inout XMLWriter) {
    page.element("section", [("id", "scenarios")]) { page in
      page.element("h2", text: "Scenarios")
      for mechanism in Matrix(results).mechanisms {
        let cells = results.filter { $0.cell.mechanism == mechanism }
        let scenarios = Dictionary(grouping: cells, by: \.cell.scenario)
        let title = "\(mechanism): \(counted(scenarios.count, "scenario")), \(counted(cells.count, "cell"))"
        page.collapsed(title, [("data-mechanism", mechanism)]) { page in
          page.table(["scenario", "demand", "by", "passed"]) { page in
            for (id, cells) in scenarios.sorted(by: { $0.key < $1.key }) {
              let cell = cells[0].cell
              page.row(id, cell.title, cell.spec, "\(cells.passedCount)/\(cells.count)")
            }
          }
        }
      }
    }
  }
}

extension RunSummary {
  /// The run's result in one sentence.
  fileprivate func verdict(of results: [CellResult]) -> String {
    let meaning = interrupted ? "interrupted" : self.meaning
    let count =
      results.failedCount > 0
      ? "\(results.failedCount) of \(counted(planned, "cell")) failed"
      : "\(results.passedCount) of \(counted(planned, "cell")) passed"
    return planned == 0 ? meaning : "\(meaning): \(count)"
  }
}

extension SavedRun {
  /// Returns the HTML report of the run, with a tab for the costs measured by `ipc-interop bench`.
  public func htmlReport(costs: BenchmarkDocument) -> String {
    var report = HTMLReport(costs: costs)
    return events.map { report.receive($0) }.joined()
  }
}
