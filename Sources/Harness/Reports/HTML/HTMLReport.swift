/// The report as one HTML file without network access, for a browser.
///
/// All data is in tables and `details` elements, so the page works without JavaScript; the script only filters. Passing
/// cells are counted, and only failures have evidence, so that the page stays small.
struct HTMLReport: Report {
  private var record = RunRecord()
  /// The changes since an earlier run; nil if the run is not compared.
  private let comparison: RunComparison?

  init(comparison: RunComparison? = nil) { self.comparison = comparison }

  /// The maximum number of failures with evidence, so that the page stays small.
  private static let maximumExplained = 500

  mutating func receive(_ event: Event) -> String {
    record.receive(event)
    guard case .runEnded(let summary) = event else { return "" }
    let results = record.results
    var page = XMLWriter("<!DOCTYPE html>")
    page.element("html", [("lang", "en")]) { page in
      page.element("head") { page in
        page.element("meta", [("charset", "utf-8")])
        page.element("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")])
        page.element("title", text: "ipc-interop: \(summary.headline)")
        page.element("style", raw: HTMLAssets.style)
      }
      page.element("body") { page in
        writeHeader(results, summary, to: &page)
        page.element("main") { page in
          if let comparison { write(comparison, to: &page) }
          writeFailures(results, to: &page)
          writeMatrix(results, to: &page)
          writeNotRun(results, summary, to: &page)
          writeScenarios(results, to: &page)
        }
        page.element("script", raw: HTMLAssets.script)
      }
    }
    return page.text
  }

  private func writeHeader(_ results: [CellResult], _ summary: RunSummary, to page: inout XMLWriter) {
    let isGood = summary.exitStatus == .asExpected
    page.element("header", [("class", isGood ? "good" : "bad")]) { page in
      page.element("h1", text: "ipc-interop: \(summary.headline)")
      let notRun = results.notRunCount(planned: summary.planned)
      let counts =
        "\(results.passedCount) passed, \(results.failedCount) failed, \(notRun) not run"
        + results.knownFailures
      page.element(
        "p", [("class", "counts")],
        text: "\(counts) of \(counted(summary.planned, "cell")), in \(duration(summary.seconds))")
      if let run = record.description { write(run, to: &page) }
      page.list(summary.problems, class: "problems")
      page.element("form", [("id", "filter"), ("hidden", "hidden")]) { page in
        page.element("label", [("for", "search")], text: "Filter (press /)")
        page.element("input", [("id", "search"), ("type", "search"), ("autocomplete", "off")])
        page.element("output", [("id", "shown")], text: "")
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
      for (title, ids) in groups where !ids.isEmpty {
        page.element("h3", text: title)
        page.element("ul") { page in
          for id in ids {
            page.element("li") { $0.element("a", [("href", HTMLFailure.link(to: id))], display: id) }
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
      page.table(["mechanism"] + matrix.pairings.map(\.description)) { page in
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
              page.element("td", [("class", kind)]) {
                $0.element("a", [("href", "#m=\(mechanism)&p=\(pairing)")], text: entry.text)
              }
            }
          }
        }
      }
    }
  }

  private func writeFailures(_ results: [CellResult], to page: inout XMLWriter) {
    let failed = results.filter(\.isFailure)
    guard !failed.isEmpty else { return }
    page.element("section", [("id", "failures")]) { page in
      page.element("h2", text: "Failures")
      let matrix = Matrix(results)
      for (index, result) in failed.prefix(Self.maximumExplained).enumerated() {
        HTMLFailure(result: result, pairing: matrix.pairing(of: result.cell), isOpen: index == 0).write(to: &page)
      }
      let omitted = failed.count - Self.maximumExplained
      if omitted > 0 { page.element("p", text: "And \(omitted) more, which the JSON report explains.") }
    }
  }

  private func writeNotRun(_ results: [CellResult], _ summary: RunSummary, to page: inout XMLWriter) {
    let groups = Dictionary(grouping: results.filter { $0.verdict == .notRun }) { $0.outcome.reason ?? "no reason" }
    let silent = summary.planned - results.count
    guard !groups.isEmpty || silent > 0 else { return }
    page.element("section", [("id", "not-run")]) { page in
      page.element("h2", text: "Cells that were not run")
      page.table(["reason", "cells", "mechanisms"]) { page in
        for (reason, cells) in groups.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
          page.row(reason, "\(cells.count)", Set(cells.map(\.cell.mechanism)).sorted().joined(separator: ", "))
        }
        if silent > 0 { page.row("the run ended first", "\(silent)", "") }
      }
    }
  }

  private func writeScenarios(_ results: [CellResult], to page: inout XMLWriter) {
    page.element("section", [("id", "scenarios")]) { page in
      page.element("h2", text: "Scenarios")
      for mechanism in Matrix(results).mechanisms {
        let cells = results.filter { $0.cell.mechanism == mechanism }
        let scenarios = Dictionary(grouping: cells, by: \.cell.scenario)
        page.element("details", [("data-mechanism", mechanism)]) { page in
          page.element(
            "summary", display: "\(mechanism): \(counted(scenarios.count, "scenario")), \(counted(cells.count, "cell"))"
          )
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
  /// The result of the run in a few words.
  fileprivate var headline: String { interrupted ? "interrupted" : exitStatus.meaning }
}
