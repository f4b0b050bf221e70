import Testing

@testable import Harness

@Suite("The fault table")
struct InjectionTableTests {
  private func result(_ operation: String, _ fault: InjectedFault, _ language: String, _ verdict: Verdict) -> CellResult
  {
    let cell = Cell(
      id: "pipe/x[\(language),\(operation),\(fault.rawValue)]", scenario: "pipe/x", mechanism: "pipe", title: "T.",
      spec: "pipe(7)", level: .must, pairing: [.init(role: "a", language: language)], parameters: [:],
      location: SourceLocation(file: "fixtures/fault-injection/pipe.yaml", line: 1, column: 1),
      injection: Cell.Injection(
        role: "a", request: 1, operation: operation, call: operation, occurrence: 1, fault: fault))
    return CellResult(
      cell: cell, outcome: CellOutcome(verdict: verdict, reason: nil, evidence: nil, seconds: 0.01),
      isExpected: verdict == .passed, expectation: nil, isolation: .private, rerun: "")
  }

  @Test("has a row for each operation and columns for the languages, and marks failures even without color")
  func rows() {
    let table = InjectionTable([
      result("read", .interrupted, "c", .passed), result("read", .interrupted, "swift", .passed),
      result("write", .short, "c", .passed), result("write", .short, "c", .passed),
      result("write", .short, "swift", .failed), result("write", .short, "swift", .passed),
    ])
    let lines = table.lines(Style())
    #expect(lines[2].split(separator: " ").prefix(7) == ["read", "-", "-", "-", "-", "1", "1"])
    #expect(lines[3].split(separator: " ").suffix(2) == ["2", "1/2!"])
    #expect(table.worst == ["write"])
  }

  private func programResult(
    _ call: String, _ fault: InjectedFault, _ language: String, _ verdict: Verdict, scenario: String = "jobs/three"
  ) -> CellResult {
    let injection = Cell.Injection(
      role: "server", request: nil, operation: nil, call: call, occurrence: 1, fault: fault)
    let cell = Cell(
      id: "\(scenario)[c>\(language),server:\(call).1,\(fault.rawValue)]", scenario: scenario, mechanism: "jobs",
      title: "T.", spec: "", level: .must,
      pairing: [.init(role: "client", language: "c"), .init(role: "server", language: language)], parameters: [:],
      location: SourceLocation(file: "interop.yaml", line: 1, column: 1), injection: injection)
    return CellResult(
      cell: cell, outcome: CellOutcome(verdict: verdict, reason: nil, evidence: nil), isExpected: verdict == .passed,
      expectation: nil, isolation: .private, rerun: "")
  }

  @Test("is not needed to see which fault was injected into a cell")
  func description() {
    let failed = result("write_all", .short, "c", .failed)
    #expect(
      FailureDescription(result: failed).body.contains("  injected    write_all.1 in a's write_all: transferred 1 byte")
    )
    let program = programResult("mq_open", .noDescriptor, "c", .failed)
    #expect(FailureDescription(result: program).body.contains("  injected    mq_open.1 in server: failed with EMFILE"))
    let parsed = Cell.Injection(cell: "pipe/transfers[mine,writer:3:write_all,write.1,killed-after]")
    #expect(parsed?.description == "write.1 in writer's write_all: the peer was killed after the call")
    #expect(Cell.Injection(cell: "pipe/transfers[c>swift]") == nil)
  }

  @Test("has programs' calls by role, and only the faults that occurred, in a run's console report")
  func programs() throws {
    let results = [
      programResult("mq_open", .noDescriptor, "c", .passed), programResult("mq_open", .noDescriptor, "swift", .failed),
      programResult("mq_open", .interrupted, "swift", .notRun),
    ]
    let lines = try #require(InjectionTable.ofPrograms(results)).lines(Style())
    #expect(lines[0].split(separator: " ") == ["EMFILE"])
    #expect(lines[1].split(separator: " ") == ["c", "swift"])
    #expect(lines[2].split(separator: " ") == ["server:", "mq_open", "1", "0/1!"])
    #expect(InjectionTable.ofPrograms([result("read", .short, "c", .passed)]) == nil)
    let other = programResult("mq_open", .noDescriptor, "c", .passed, scenario: "jobs/one")
    let both = try #require(InjectionTable.ofPrograms(results + [other])).lines(Style())
    #expect(both[3].hasPrefix("jobs/one server: mq_open"))
    var report = ReportFormat.console.makeReport(style: Style())
    let summary = RunSummary(
      planned: 0, counts: [:], unexpected: 0, problems: [], seconds: 1, exitStatus: .asExpected, interrupted: false)
    _ = try results.map { try report.receive(.cellEnded($0)) }
    #expect(try report.receive(.runEnded(summary)).contains("Calls that failed, and how often\n"))
  }

  @Test("has no worst row if all passed, and no rows if nothing ran")
  func edges() {
    #expect(InjectionTable([result("read", .short, "c", .passed)]).worst == [])
    #expect(InjectionTable([]).lines(Style()) == [])
  }
}
