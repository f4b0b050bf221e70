import Testing

@testable import Harness

@Suite("The table of faults")
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

  @Test("has a row for each operation and columns for the languages, and marks failures even without colour")
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

  @Test("has no worst row if all passed, and no rows if nothing ran")
  func edges() {
    #expect(InjectionTable([result("read", .short, "c", .passed)]).worst == [])
    #expect(InjectionTable([]).lines(Style()) == [])
  }
}
