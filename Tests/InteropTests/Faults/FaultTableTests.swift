import Testing

@testable import Interop

@Suite("The table of faults")
struct FaultTableTests {
  private func result(_ operation: String, _ fault: Fault, _ language: String, _ verdict: Verdict) -> CellResult {
    let cell = Cell(
      id: "pipe/x[\(language),\(operation),\(fault.rawValue)]", scenario: "pipe/x", mechanism: "pipe", title: "T.",
      spec: "pipe(7)", level: "must", pairing: [.init(role: "a", language: language)],
      parameters: ["operation": operation, "fault": fault.rawValue], location: "fixtures/faults/pipe.yaml:1:1")
    return CellResult(
      cell: cell, verdict: verdict, reason: nil, isExpected: verdict == .passed, expectation: nil, seconds: 0.01,
      isolation: "private", evidence: nil, rerun: "")
  }

  @Test("has a row for each operation, the languages side by side, and marks what failed without colour")
  func rows() {
    let table = FaultTable([
      result("read", .interrupted, "c", .passed), result("read", .interrupted, "swift", .passed),
      result("write", .short, "c", .passed), result("write", .short, "c", .passed),
      result("write", .short, "swift", .failed), result("write", .short, "swift", .passed),
    ])
    let lines = table.lines(Style())
    #expect(lines[2].hasPrefix("read   -      -       -      -       1      1 "))
    #expect(lines[3].hasSuffix("2      1/2!"))
    #expect(table.worst == ["write"])
  }

  @Test("has no worst row when all is well, and no rows when nothing ran")
  func edges() {
    #expect(FaultTable([result("read", .short, "c", .passed)]).worst == [])
    #expect(FaultTable([]).lines(Style()) == [])
  }
}
