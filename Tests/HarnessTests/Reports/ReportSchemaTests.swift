import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Checks reports against `docs/report.schema.json`.
@Suite("The schema of the JSON report") struct ReportSchemaTests {
  private let schema: JSONSchema

  init() throws { schema = try JSONSchema("docs/report.schema.json") }

  @Test("describes every report", arguments: RecordedRun.allCases) func describes(run: RecordedRun) throws {
    var report = ReportFormat.json.makeReport(style: Style())
    let text = try run.events.map { try report.receive($0) }.joined()
    #expect(try schema.problems(in: text) == [])
  }

  @Test("rejects other documents", arguments: [#"{"format": 1}"#, #"{"format": 3, "results": []}"#, "[]"])
  func rejects(text: String) throws {
    #expect(try !schema.problems(in: text).isEmpty)
  }
}
