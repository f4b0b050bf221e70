import Testing

@testable import Harness

@Suite("The programs in a benchmark run")
struct ProgramScheduleTests {
  /// Returns a program that prints one measurement for each name in its arguments (`name` if there are none), and
  /// another line.
  private static func program(_ name: String) -> ExternalProgram {
    let script = #"""
      echo 'x is skipped' >&2
      for name in "${@:-\#(name)}"; do
        echo "{\"name\":\"$name\",\"unit\":\"ns\",\"histogram\":\"\",\"elapsed\":60,\"messages\":3,\"bytes\":0}"
      done
      """#
    return ExternalProgram(title: name, kind: .limit, command: ["/bin/bash", "-c", script, "bash"])
  }

  @Test("are started at the beginning, and then spread over the run", arguments: [1, 4, 5, 13])
  func spread(benchmarks: Int) async throws {
    let starts = try await onThread {
      var schedule = ProgramSchedule([Self.program("a")], in: "/", count: 5)
      var starts: [Int] = []
      for number in 0...benchmarks {
        while schedule.isDue(before: number, of: benchmarks) {
          starts.append(number)
          try schedule.run { _, _ in }
        }
      }
      return starts
    }
    #expect(starts.count == 5)
    #expect(starts.first == 0)
    // The distances differ by at most one, so the programs are evenly distributed over the run.
    let distances = zip(starts, starts.dropFirst()).map { $1 - $0 }
    #expect((distances.max() ?? 0) - (distances.min() ?? 0) <= 1)
    #expect(starts.last == (4 * benchmarks + 4) / 5)
  }

  @Test("are identified by the names that they print, and can measure a single name")
  func names() async throws {
    let empty = ProgramSchedule([Self.program("a"), Self.program("b")], in: "/", count: 1)
    #expect(empty.kind(of: "a") == nil)
    await #expect(throws: RunError.self) {
      try await onThread {
        var schedule = empty
        return try schedule.time(of: "a")
      }
    }
    let (schedule, shown, time) = try await onThread {
      var schedule = empty
      var shown: [String] = []
      try schedule.run { shown.append("\($0) \($1)") }
      return (schedule, shown, try schedule.time(of: "b"))
    }
    #expect(shown == ["a 1", "b 1"])
    #expect(schedule.kind(of: "b") == .limit)
    #expect(schedule.kind(of: "c") == nil)
    // 60 ns for three messages.
    #expect(time == 20)
    #expect(schedule.results(seed: 1).map(\.name) == ["a", "b"])
    #expect(schedule.results(seed: 1).map(\.time.value) == [20, 20])
    #expect(schedule.notes == ["x is skipped"])
  }

  @Test("are not started if there are none")
  func none() { #expect(!ProgramSchedule([], in: "/", count: 5).isDue(before: 0, of: 3)) }
}
