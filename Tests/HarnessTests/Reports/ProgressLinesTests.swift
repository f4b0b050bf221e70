import Testing

@testable import Harness

@Suite("The progress of a run in a log")
struct ProgressLinesTests {
  @Test("is a line every 30 seconds, with the results so far") func lines() throws {
    var progress = ProgressLines()
    var lines: [String] = []
    func add(_ events: Event...) {
      for event in events { if let line = progress.receive(event) { lines.append(line) } }
    }
    let run = RecordedRun.full.events
    let results = run.compactMap { event -> CellResult? in
      if case .cellEnded(let result) = event { result } else { nil }
    }
    add(.recording(results[0].cell, number: 2, of: 46), .timePassed(seconds: 12), .timePassed(seconds: 30.4))
    add(run[0], .timePassed(seconds: 31))
    for result in results { add(.cellEnded(result)) }
    add(.timePassed(seconds: 59.9), .timePassed(seconds: 95), .timePassed(seconds: 96), .timePassed(seconds: 120))
    #expect(
      lines == [
        "recording script 2 of 46, 30 s\n", "12 of 12 cells, 5 failed, 1 min 35 s\n",
        "12 of 12 cells, 5 failed, 2 min 0 s\n",
      ])
  }
}
