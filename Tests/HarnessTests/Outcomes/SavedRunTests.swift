import Foundation
import Testing

@testable import Harness

@Suite("A saved run") struct SavedRunTests {
  @Test("produces the same reports as the run itself", arguments: RecordedRun.allCases, ReportFormat.allCases)
  func reports(run: RecordedRun, format: ReportFormat) throws {
    // A report that is written during a run lists the cells in the order in which they end.
    guard ![.console, .tap, .jsonLines].contains(format) else { return }
    let saved = try Self.saved(run.events)
    #expect(try Self.text(saved.events, format) == Self.text(run.events, format))
  }

  @Test("passes each cell to reports written during a run", arguments: RecordedRun.allCases)
  func liveReports(run: RecordedRun) throws {
    let saved = try Self.saved(run.events)
    for format in [ReportFormat.console, .tap, .jsonLines] {
      let now = try Self.text(saved.events, format).split(separator: "\n")
      let live = try Self.text(run.events, format).split(separator: "\n")
      #expect(now.count == live.count)
    }
  }

  @Test("knows which cells failed") func failedCells() throws {
    let saved = try Self.saved(RecordedRun.full.events)
    #expect(saved.failedCells.contains("posix-mq/priority-order[c>swift]"))
    #expect(!saved.failedCells.contains("pipe/packets[c]"))
  }

  @Test("keeps the status of a red run without failed cells when only failed cells are rerun") func nothingToRerun() {
    let cell = RecordedRun.failures(1).compactMap { if case .cellEnded(let result) = $0 { result } else { nil } }[0]
    let passed = CellResult(
      cell: cell.cell, outcome: .passed, isExpected: true, expectation: nil, isolation: .private, rerun: "")
    func error(_ rules: RunSummary.Rules, planned: [String]? = nil, interrupted: Bool = false) -> RunError? {
      let summary = RunSummary(
        [passed], planned: planned ?? [cell.cell.id], problems: [], rules: rules, seconds: 1, interrupted: interrupted)
      return SavedRun(run: nil, results: [passed], summary: summary).nothingToRerun(in: "run.json")
    }
    #expect(error(.init())?.status == .asExpected)
    #expect(error(.init())?.description == "no cell failed in run.json: nothing to run")
    let few = error(.init(requiredCells: 2))
    #expect(few?.status == .failures)
    #expect(few?.description.contains("1 cell was run; at least 2 are required") == true)
    #expect(few?.description.contains("run again without --rerun-failed") == true)
    #expect(error(.init(), interrupted: true)?.status == .interrupted)
    #expect(error(.init(), planned: [cell.cell.id, "pipe/other[c]"])?.status == .brokenEnvironment)
    // If cells failed, a note reports the problem, because the rerun may be green.
    let failed = SavedRun(events: RecordedRun.failures(1))
    #expect(failed.nothingToRerun(in: "run.json") == nil && failed.rerunNotes(in: "run.json") == [])
    let summary = RunSummary(
      failed.results, planned: [cell.cell.id], problems: [], rules: .init(), seconds: 1, interrupted: true)
    #expect(
      SavedRun(run: nil, results: failed.results, summary: summary).rerunNotes(in: "run.json") == [
        "only the failed cells of run.json run again, but that run also has a problem: the run was interrupted"
      ])
  }

  @Test(
    "is not read from other files",
    arguments: [
      ("[]", "is not a report of 'ipc-interop run --format json'"),
      (#"{"format": 2}"#, "has format 2, but this version reads format 3; run the suite again"),
      (#"{"format": 3, "results": [{}]}"#, "results[0].cell: is missing"),
      (#"{"format": 3, "results": 7}"#, "results: "),
      ("", "is not a report"),
    ])
  func otherFiles(text: String, reason: String) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try text.write(to: file, atomically: true, encoding: .utf8)
    let error = #expect(throws: RunError.self) { try SavedRun(contentsOf: file.path) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    #expect(error?.status == .usage)
  }

  private static func saved(_ events: [Event]) throws -> SavedRun {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try text(events, .json).write(to: file, atomically: true, encoding: .utf8)
    return try SavedRun(contentsOf: file.path)
  }

  private static func text(_ events: [Event], _ format: ReportFormat) throws -> String {
    var report = format.makeReport(style: Style())
    return try events.map { try report.receive($0) }.joined()
  }
}

@Suite("A comparison of two runs") struct RunComparisonTests {
  private let before = SavedRun(events: RecordedRun.failures(3))

  @Test("is not worse if the same cells fail") func same() {
    let comparison = RunComparison(of: before, with: before)
    #expect(comparison.summary == "0 new failures, 0 fixed, 3 still failing")
    #expect(!comparison.isWorse)
  }

  @Test("is worse if a cell fails that did not fail before") func newFailure() {
    let comparison = RunComparison(of: SavedRun(events: RecordedRun.failures(4)), with: before)
    #expect(comparison.newFailures.map(\.cell.id) == ["pipe/case-4[c>swift]"])
    #expect(comparison.summary == "1 new failure, 0 fixed, 3 still failing, 1 added")
    #expect(comparison.isWorse)
  }

  @Test("knows whether the runs have a cell in common") func unrelated() throws {
    let other = SavedRun(events: RecordedRun.full.events)
    #expect(RunComparison(of: other, with: before).isUnrelated)
    #expect(!RunComparison(of: SavedRun(events: RecordedRun.failures(1)), with: before).isUnrelated)
    #expect(!RunComparison(of: before, with: SavedRun(events: RecordedRun.empty.events)).isUnrelated)
  }

  @Test("counts a cell that passes now as fixed") func fixed() {
    let passed = before.results.prefix(1).map { $0.with(CellOutcome.passed, isExpected: true) }
    let now = SavedRun(run: before.run, results: passed + before.results.dropFirst(), summary: before.summary)
    let comparison = RunComparison(of: now, with: before)
    #expect(comparison.fixed.map(\.cell.id) == ["pipe/case-1[c>swift]"])
    #expect(!comparison.isWorse)
    // With the runs swapped, the same cell is a new failure.
    #expect(RunComparison(of: before, with: now).newFailures.count == 1)
  }

  @Test("is worse if a cell that passed is selected, but not run") func noLongerRun() {
    let passed = before.results.map { $0.with(CellOutcome.passed, isExpected: true) }
    let earlier = SavedRun(run: before.run, results: passed, summary: before.summary)
    let skipped = [before.results[0].with(CellOutcome(.notRun, "no mqueue"), isExpected: true)] + passed[1..<2]
    let now = SavedRun(run: before.run, results: skipped, summary: before.summary)
    let comparison = RunComparison(of: now, with: earlier)
    #expect(comparison.noLongerRun == ["pipe/case-1[c>swift]", "pipe/case-3[c>swift]"])
    #expect(comparison.isWorse)
  }

  @Test("has failed once if one of several results of a cell is a failure") func repeated() {
    let passed = before.results.map { $0.with(CellOutcome.passed, isExpected: true) }
    let earlier = SavedRun(run: before.run, results: passed, summary: before.summary)
    let flaky = SavedRun(run: before.run, results: before.results + passed, summary: before.summary)
    #expect(RunComparison(of: flaky, with: earlier).newFailures.count == 3)
  }

  @Test("is worse if a cell is missing") func missing() {
    let comparison = RunComparison(of: SavedRun(events: RecordedRun.failures(2)), with: before)
    #expect(comparison.removed == ["pipe/case-3[c>swift]"])
    #expect(comparison.summary == "0 new failures, 0 fixed, 2 still failing, 1 missing")
    #expect(comparison.isWorse)
  }

  @Test("has all formats that it lists", arguments: RunComparison.formats) func formats(format: ReportFormat) throws {
    let now = SavedRun(events: RecordedRun.failures(4))
    let text = try RunComparison(of: now, with: before).text(format, of: now, style: Style())
    #expect(text.contains("pipe/case-4"))
  }
}

extension CellResult {
  fileprivate func with(_ outcome: CellOutcome, isExpected: Bool) -> CellResult {
    CellResult(
      cell: cell, outcome: outcome, isExpected: isExpected, expectation: nil, isolation: isolation, rerun: rerun)
  }
}

extension SavedRun {
  /// Collects the events of a run.
  init(events: [Event]) {
    var record = RunRecord()
    for event in events { record.receive(event) }
    guard let summary = record.summary else { preconditionFailure("the run has no end") }
    self.init(run: record.description, results: record.results, summary: summary)
  }
}
