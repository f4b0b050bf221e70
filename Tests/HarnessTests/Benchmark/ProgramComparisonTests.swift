import Foundation
import PeerProtocol
import SystemPackage
import Testing

@testable import Harness

@Suite("The comparison of a benchmark with limits and libraries")
struct ProgramComparisonTests {
  /// Returns the comparisons for a series in which each message and each program took the given times in each round.
  private static func comparisons(
    _ mode: BenchmarkMode, _ times: [Double], _ program: String, _ kind: ExternalProgram.Kind, _ programTimes: [Double],
    bound: String = "1"
  ) throws -> [ProgramComparison] {
    let reference = SyntheticRounds.reference
    var series = BenchmarkSeries(
      definition: try SyntheticRounds.definition(), placement: .twoCores, reference: reference, pairings: [reference],
      budget: 0.03)
    let load = BenchmarkSession.Load(mode: mode, size: 64, count: 1, warmup: 0)
    for time in times {
      let measurement = BenchmarkSession.Measurement(
        count: 1, elapsed: time, latency: LatencyHistogram(), service: LatencyHistogram())
      series.add(measurement, reference, isControl: false, load: load)
    }
    for time in programTimes { series.add(time, of: program) }
    return series.comparisons(try rule(mode, program, bound).map { ($0, kind) }, seed: 1)
  }

  private static func rules(_ text: String) throws(FixtureErrors) -> [ComparisonRule] {
    try DiagnosticLog.collect { ComparisonRule.parse(FixtureFile(file: "x.yaml", bytes: Data(text.utf8)), log: $0) }
  }

  private static func rule(_ mode: BenchmarkMode, _ program: String, _ bound: String) throws -> [ComparisonRule] {
    try rules(
      "- {benchmark: pipe/pipe, mode: \(mode.rawValue), size: 64, program: \(program), at-most: \(bound), because: x}"
    )
  }

  @Test("uses the one-way time for a limit, and the round trip for a library")
  func oneWay() throws {
    let limit = try Self.comparisons(.pingPong, [120], "cache-line", .limit, [50], bound: "1.3")
    #expect(limit.map(\.ratio.value) == [1.2])
    #expect(limit.map(\.holds) == [true])
    let library = try Self.comparisons(.pingPong, [120], "zeromq-ping-pong", .library, [50])
    #expect(library.map(\.ratio.value) == [2.4])
    #expect(library.map(\.holds) == [false])
    #expect(library[0].row[3] == "more than 1.00: x")
    let flood = try Self.comparisons(.flood, [120], "memcpy", .limit, [50])
    #expect(flood.map(\.ratio.value) == [2.4])
  }

  @Test("divides by the program's time in the same round, so machine slowdowns cancel out")
  func sameRound() throws {
    let comparison = try #require(
      try Self.comparisons(.flood, [110, 1100, 220, 110, 330], "memcpy", .limit, [100, 1000, 200, 100, 300]).first)
    #expect(abs(comparison.ratio.low - 1.1) < 1e-9 && abs(comparison.ratio.high - 1.1) < 1e-9)
  }

  @Test(
    "is within its bound unless the whole interval exceeds it",
    arguments: [([100.0], true), ([90, 110, 120], true), ([150, 200, 210], false)])
  func interval(times: [Double], holds: Bool) throws {
    let comparisons = try Self.comparisons(.flood, times, "memcpy", .limit, times.map { _ in 100 })
    #expect(comparisons.map(\.holds) == [holds])
  }

  @Test("omits anything that was not measured")
  func missing() throws {
    #expect(try Self.comparisons(.flood, [], "memcpy", .limit, [1]).isEmpty)
    #expect(try Self.comparisons(.flood, [1], "memcpy", .limit, []).isEmpty)
  }

  @Test("rejects a bound that is not a number")
  func wrongBound() throws {
    let error = #expect(throws: FixtureErrors.self) { try Self.rule(.flood, "memcpy", "much") }
    #expect(
      error?.diagnostics.map(\.description) == [
        "x.yaml:1:75: 'at-most' is a number such as 1.3, not 'much'"
      ])
  }

  @Test("names only existing benchmarks and programs")
  func project() async throws {
    let root = Checkout.root.string
    let rules = try DiagnosticLog.collect { ComparisonRule.load(root: root, log: $0) }
    #expect(!rules.isEmpty)
    let benchmarks = Set(
      try BenchmarkLoader.load(root: Checkout.root, registry: try Checkout.fixtures.get().registry).map(\.id))
    for rule in rules { #expect(benchmarks.contains(rule.benchmark), "there is no benchmark \(rule.benchmark)") }
    // On one CPU, the limits of transfers between CPUs are not measured.
    if RunConfiguration.processors == 1 { return }
    let libraries = ["zeromq", "nng", "boost"].flatMap { ["\($0)-ping-pong", "\($0)-flood"] }
    let printed = try await Self.limits().map(\.name) + libraries
    for rule in rules { #expect(printed.contains(rule.program), "no program prints \(rule.program)") }
  }

  /// Measures every limit for a short time.
  private static func limits() async throws -> [ExternalProgram.Measurement] {
    try await onThread {
      let program = ExternalProgram(
        title: "limits", kind: .limit, command: [Checkout.root.appending("build/bin/limits").string, "--duration", "2"])
      var notes: [String] = []
      return try program.run(in: Checkout.root.string, timeout: .seconds(60), notes: &notes)
    }
  }

  @Test("has limits that are in the same order on every machine")
  func limitsAreSound() async throws {
    let measured = try await Self.limits()
    func median(_ name: String) -> Double? {
      measured.first { $0.name == name }.flatMap { try? LatencyHistogram(parsing: $0.histogram).quantile(0.5) }
    }
    for measurement in measured {
      #expect(measurement.unit == "ns" && measurement.messages > 0 && measurement.elapsed > 0)
      #expect(try LatencyHistogram(parsing: measurement.histogram).count > 0)
    }
    let call = try #require(median("system-call"))
    // Both sides of a context switch make system calls.
    #expect(try #require(median("context-switch")) > call)
    // Copying 256 times as many bytes must take at least ten times as long.
    #expect(try #require(median("memcpy-1MiB")) > 10 * #require(median("memcpy-4KiB")))
    if let line = median("cache-line"), let wake = median("futex-wake") { #expect(wake > line) }
  }
}
