import Foundation
import PeerProtocol
import SystemPackage
import Testing

@testable import Harness

@Suite("The comparison of a benchmark with limits and libraries")
struct ProgramComparisonTests {
  private static func program(_ name: String, _ kind: ExternalProgram.Kind, _ time: Double) -> ProgramResult {
    ProgramResult(
      name: name, title: name, kind: kind, time: Estimate(time, low: time * 0.9, high: time * 1.1),
      messagesPerSecond: 1e9 / time)
  }

  private static func result(
    _ mode: BenchmarkMode, _ time: Double, _ placement: BenchmarkPlacement = .twoCores
  ) -> BenchmarkResult {
    let estimate = Estimate(time, low: time * 0.95, high: time * 1.05)
    return BenchmarkResult(
      benchmark: "ring/spinning", mechanism: "ring", title: "", mode: mode, size: 64, placement: placement,
      control: Estimate(1, low: 1, high: 1),
      pairings: [PairingResult(pairing: "c>c", messages: 1, time: estimate, messagesPerSecond: 1e9 / time)])
  }

  private static func rules(_ text: String) throws(FixtureErrors) -> [ComparisonRule] {
    try DiagnosticLog.collect { ComparisonRule.parse(FixtureFile(file: "x.yaml", bytes: Data(text.utf8)), log: $0) }
  }

  private static func rule(_ mode: BenchmarkMode, _ program: String, _ bound: String) throws -> [ComparisonRule] {
    try rules(
      "- {benchmark: ring/spinning, mode: \(mode.rawValue), size: 64, program: \(program), at-most: \(bound), because: x}"
    )
  }

  @Test("takes one way of a round trip for a limit, and the round trip for a library")
  func oneWay() throws {
    let results = [Self.result(.pingPong, 200, .oneCore), Self.result(.pingPong, 120)]
    let programs = [Self.program("cache-line", .limit, 50), Self.program("zeromq-ping-pong", .library, 50)]
    let limit = BenchmarkDocument.comparisons(
      try Self.rule(.pingPong, "cache-line", "1.3"), results: results, programs: programs)
    #expect(limit.map(\.ratio.value) == [1.2])
    #expect(limit.map(\.holds) == [true])
    let library = BenchmarkDocument.comparisons(
      try Self.rule(.pingPong, "zeromq-ping-pong", "1"), results: results, programs: programs)
    #expect(library.map(\.ratio.value) == [2.4])
    #expect(library.map(\.holds) == [false])
    #expect(library[0].row[3] == "more than 1.00: x")
  }

  @Test(
    "is within its bound unless the whole interval exceeds it", arguments: [(100.0, true), (115, true), (200, false)])
  func interval(time: Double, holds: Bool) throws {
    let comparisons = BenchmarkDocument.comparisons(
      try Self.rule(.flood, "memcpy", "1"), results: [Self.result(.flood, time)],
      programs: [Self.program("memcpy", .limit, 100)])
    #expect(comparisons.map(\.holds) == [holds])
  }

  @Test("leaves out what was not measured")
  func missing() throws {
    let rules = try Self.rule(.flood, "memcpy", "1")
    #expect(BenchmarkDocument.comparisons(rules, results: [], programs: [Self.program("memcpy", .limit, 1)]).isEmpty)
    #expect(BenchmarkDocument.comparisons(rules, results: [Self.result(.flood, 1)], programs: []).isEmpty)
  }

  @Test("rejects a bound that is not a number")
  func wrongBound() throws {
    let error = #expect(throws: FixtureErrors.self) { try Self.rule(.flood, "memcpy", "much") }
    #expect(
      error?.diagnostics.map(\.description) == [
        "x.yaml:1:79: 'at-most' is a number such as 1.3, not 'much'"
      ])
  }

  @Test("names benchmarks and programs that exist")
  func project() async throws {
    let root = Checkout.root.string
    let rules = try DiagnosticLog.collect { ComparisonRule.load(root: root, log: $0) }
    #expect(!rules.isEmpty)
    let benchmarks = Set(
      try BenchmarkLoader.load(root: Checkout.root, registry: try Checkout.fixtures.get().registry).map(\.id))
    for rule in rules { #expect(benchmarks.contains(rule.benchmark), "there is no benchmark \(rule.benchmark)") }
    let libraries = ["zeromq", "nng", "boost"].flatMap { ["\($0)-ping-pong", "\($0)-flood"] }
    let printed = try await Self.limits().map(\.name) + libraries
    for rule in rules { #expect(printed.contains(rule.program), "no program prints \(rule.program)") }
  }

  /// Measures every limit for a moment.
  private static func limits() async throws -> [ExternalProgram.Measurement] {
    try await onThread {
      let program = ExternalProgram(
        title: "limits", kind: .limit, command: [Checkout.root.appending("build/bin/limits").string, "--duration", "2"])
      var notes: [String] = []
      return try program.run(in: Checkout.root.string, timeout: .seconds(60), notes: &notes)
    }
  }

  @Test("has limits whose order no machine can reverse")
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
    // Both sides of a switch make system calls.
    #expect(try #require(median("context-switch")) > call)
    // A copy of 256 times as many bytes takes at least ten times as long.
    #expect(try #require(median("memcpy-1MiB")) > 10 * #require(median("memcpy-4KiB")))
    if let line = median("cache-line"), let wake = median("futex-wake") { #expect(wake > line) }
  }

  @Test("keeps the lines of a program that are not measurements as notes")
  func notes() throws {
    let program = ExternalProgram(
      title: "x", kind: .limit,
      command: [
        "/bin/sh", "-c",
        #"echo 'x is skipped' >&2; echo '{"name":"x","unit":"ns","histogram":"","elapsed":1,"messages":1,"bytes":0}'"#,
      ])
    var notes: [String] = []
    for _ in 1...2 {
      #expect(try program.run(in: "/", timeout: .seconds(60), notes: &notes).map(\.name) == ["x"])
    }
    #expect(notes == ["x is skipped"])
  }
}
