import Foundation
import PeerProtocol
import Testing

@testable import Harness

@Suite("The description of a failure")
struct FailureDescriptionTests {
  /// Returns the failure description for a golden transcript with 40 requests, one of which differs.
  private func lines(differing: Int) throws -> [String] {
    let messages = try (1...40).flatMap { number -> [Message] in
      let response = number == differing ? "ok pid=\(number)" : "ok"
      return [.rawRequest("close handle=h\(number)"), .response(try Response(parsing: response))]
    }
    let location = SourceLocation(file: "fixtures/vectors/x.txt", line: differing, column: 1)
    let (request, response) = (messages[2 * differing - 2], messages[2 * differing - 1])
    var evidence = Evidence(expected: "ok", request: request, response: response)
    evidence.location = location
    evidence.differences = [
      .transcript(
        TranscriptDifference(
          mechanism: "general", reason: "r", step: nil, location: location, expected: "ok", request: request,
          response: response))
    ]
    evidence.transcripts = [
      .init(
        role: "peer", language: "mine", messages: messages.map { TimedMessage($0, seconds: 0) }, standardError: [],
        state: nil)
    ]
    let cell = Cell(
      id: "contract/x[mine]", scenario: "contract/x", mechanism: "contract", title: "T.", spec: "s", level: .must,
      pairing: [.init(role: "peer", language: "mine")], parameters: [:], location: location)
    let result = CellResult(
      cell: cell, outcome: CellOutcome(verdict: .failed, reason: "r", evidence: evidence), isExpected: false,
      expectation: nil, isolation: .private, rerun: "again")
    return FailureDescription(result: result).lines
  }

  @Test("shows the messages around the first difference from a golden transcript") func around() throws {
    let lines = try lines(differing: 20)
    let first = try #require(lines.firstIndex(of: "    ... 26 lines before"))
    let around = ["    > close handle=h20", "    < ok pid=20", "    > close handle=h21"]
    #expect(Array(lines[(first + 13)...(first + 15)]) == around)
    #expect(lines.contains("    < ok") && lines.contains("    ... 34 lines after"))
    #expect(!lines.contains("    > close handle=h40"))
  }

  @Test("shows the end if the difference is there, and the beginning if it is there") func edges() throws {
    let end = try lines(differing: 40)
    #expect(end.contains("    ... 60 lines before") && !end.contains { $0.hasSuffix(" after") })
    let begin = try lines(differing: 1)
    #expect(begin.contains("    ... 72 lines after") && !begin.contains { $0.hasSuffix(" before") })
  }

  private func result(
    _ id: String, _ verdict: Verdict, _ evidence: Evidence? = nil, control: ControlFailure? = nil
  ) -> CellResult {
    let cell = Cell(
      id: id, scenario: "jobs/x", mechanism: "jobs", title: "T.", spec: "s", level: .must, pairing: [],
      parameters: [:], location: SourceLocation(file: "interop.yaml", line: 1, column: 1))
    var outcome = CellOutcome(verdict: verdict, reason: "why \(id)", evidence: evidence)
    outcome.control = control
    return CellResult(
      cell: cell, outcome: outcome, isExpected: false, expectation: nil, isolation: .private, rerun: "again")
  }

  @Test("shows the bytes that differ from a recording, also in JSON and HTML") func bytes() throws {
    var queue = RecordedObject(kind: .messageQueue, name: "/q")
    queue.parts = [.init(role: "client", messages: [RecordedMessage(content: RecordedBytes(Array("one".utf8)))])]
    var other = queue
    other.parts[0].messages[0].content = RecordedBytes(Array("two".utf8))
    let found = RecordingComparison(
      expected: CellRecording(scenario: "x", objects: [queue]), actual: CellRecording(scenario: "x", objects: [other]),
      values: CellValues([], names: CellNames(), scratch: "/tmp")
    ).differences().map { ExplainedDifference($0, languages: ["client": "swift"]) }
    let outcome = try #require(CellOutcome(differences: found))
    let result = result("jobs/x[swift]", .failed, outcome.evidence)
    let lines = FailureDescription(result: result).lines
    let recorded = "0: 6f 6e 65                                         |one|"
    let sent = "0: 74 77 6f                                         |two|"
    #expect(lines.contains("  recorded    \(recorded)") && lines.contains("  sent        \(sent)"), "\(lines)")
    for format in [ReportFormat.json, .html] {
      var report = format.makeReport(style: Style())
      var text = ""
      for event in Self.run([result]) { text += try report.receive(event) }
      #expect(text.contains(format == .json ? "\"sent\" : \"\(sent)\"" : "<mark>74</mark>"), "\(text)")
    }
  }

  @Test("has no message lines for a program") func noMessages() {
    var evidence = Evidence()
    evidence.transcripts = [.init(role: "a", language: "c", messages: [], standardError: ["x"], state: "ended: exit 1")]
    let lines = FailureDescription(result: result("jobs/x[c]", .failed, evidence)).lines
    #expect(lines.contains("  a (c): ended: exit 1") && !lines.contains { $0.contains("(no messages)") })
  }

  private static func run(_ results: [CellResult]) -> [Event] {
    let summary = RunSummary(
      results, planned: results.map(\.cell.id), problems: [], rules: .init(), seconds: 1, interrupted: false)
    return [.runStarted(RunDescription(cells: results.map(\.cell), jobs: 1, isolation: "private", kernel: "k"))]
      + results.map(Event.cellEnded) + [.runEnded(summary)]
  }

  @Test("of a control cell names the cells that are broken because of it, once") func folded() throws {
    let control = ControlFailure(cell: "jobs/x[c>c]", verdict: .failed)
    let events = Self.run([
      result("jobs/x[c>c]", .failed), result("jobs/x[c>swift]", .broken, control: control),
      result("jobs/x[swift>c]", .broken, control: control),
    ])
    var report = ReportFormat.console.makeReport(style: Style())
    let text = try events.map { try report.receive($0) }.joined()
    #expect(text.contains("2 more cells are broken because of it: jobs/x[c>swift], jobs/x[swift>c]"), "\(text)")
    #expect(text.components(separatedBy: "jobs/x[swift>c]").count == 2)
    #expect(text.contains("3  broken") == false && text.contains("2  broken"))
  }

  @Test("of a control cell is one annotation, one article and one block, with the number of broken cells")
  func foldedElsewhere() throws {
    let control = ControlFailure(cell: "jobs/x[c>c]", verdict: .failed)
    let events = Self.run([
      result("jobs/x[c>c]", .failed), result("jobs/x[c>swift]", .broken, control: control),
      result("jobs/x[swift>c]", .broken, control: control), result("jobs/y[c>c]", .failed),
    ])
    func text(_ format: ReportFormat) throws -> String {
      var report = format.makeReport(style: Style())
      return try events.map { try report.receive($0) }.joined()
    }
    let annotations = try text(.github).split(separator: "\n").filter { $0.hasPrefix("::error") }
    #expect(annotations.count == 2, "\(annotations)")
    #expect(annotations[0].hasSuffix("; 2 more cells are broken because of it"))
    let page = try text(.html)
    #expect(page.components(separatedBy: "<article").count == 3)
    #expect(page.contains(#"<li id="cell-jobs-2fx-5bc-3eswift-5d">jobs/x[c&gt;swift]</li>"#), "\(page)")
    #expect(page.contains(##"<a href="#failures">2 failures</a>"##))
    let markdown = try text(.markdown)
    #expect(markdown.components(separatedBy: "<details>").count == 3)
    #expect(markdown.contains("2 more cells are broken because of it: jobs/x[c&gt;swift], jobs/x[swift&gt;c]"))
  }

  @Test("of an unselected control cell is in the first cell that is broken because of it") func unselected() throws {
    let control = ControlFailure(cell: "jobs/x[c>c]", verdict: .failed)
    let cells = ["jobs/x[c>swift]", "jobs/x[swift>c]"].map { result($0, .broken, control: control) }
    var report = ReportFormat.console.makeReport(style: Style())
    let text = try Self.run(cells).map { try report.receive($0) }.joined()
    #expect(text.contains("-- broken: jobs/x[c>swift]") && !text.contains("-- broken: jobs/x[swift>c]"))
    #expect(text.contains("1 more cell is broken because of it: jobs/x[swift>c]"), "\(text)")
  }

  @Test(
    "of a control cell determines the exit status, and the cells that are broken because of it do not",
    arguments: [
      (.leaked, .leaked, .onlyLeaks), (.failed, .failed, .failures), (.broken, .broken, .brokenEnvironment),
      (nil, .leaked, .onlyLeaks), (nil, .failed, .failures), (.leaked, nil, .brokenEnvironment),
    ] as [(Verdict?, Verdict?, Harness.ExitStatus)])
  func status(control: Verdict?, cause: Verdict?, status: Harness.ExitStatus) {
    let results =
      (control.map { [result("jobs/x[c>c]", $0)] } ?? [])
      + [result("jobs/x[c>swift]", .broken, control: cause.map { .init(cell: "jobs/x[c>c]", verdict: $0) })]
    let summary = RunSummary(
      results, planned: results.map(\.cell.id), problems: [], rules: .init(), seconds: 1, interrupted: false)
    #expect(summary.exitStatus == status)
  }
}
