import Foundation
import PeerProtocol
import SystemPackage

@testable import Harness

/// Rounds with invented times, to test how a run computes its results from them.
struct SyntheticRounds {
  static let reference = Pairing(languages: ["c", "c"])
  static let other = Pairing(languages: ["swift", "swift"])

  /// The noise in the measurements: each time is multiplied by a factor from `1 - noise` to `1 + noise`.
  var noise = 0.0
  var rounds = 5
  /// The additional time that the other pairing takes, in nanoseconds.
  var loss = 0.0
  /// The factor for all times in a round, because the speed of a machine varies.
  var drift: (Int) -> Double = { _ in 1 }

  static func definition(_ yaml: String = pipe) throws -> BenchmarkDefinition {
    let operations = try Data(
      contentsOf: URL(fileURLWithPath: Checkout.root.appending("fixtures/operations.yaml").string))
    let log = DiagnosticLog()
    guard
      let document = FixtureDocument(FixtureFile(file: "operations.yaml", bytes: operations), log: log),
      let definition = BenchmarkLoader.load(
        FixtureFile(file: "pipe.yaml", bytes: Data(yaml.utf8)), registry: OperationRegistry(document), log: log
      ).first
    else { throw FixtureErrors(diagnostics: log.sorted) }
    try log.check()
    return definition
  }

  static let pipe = """
    - id: pipe/pipe
      title: A pipe in each direction.
      sizes: 1 64
      claims: {one-byte: 5-10}
      roles: [client, server]
      steps:
        - client: pipe2 reader=r1 writer=to
        - client: pipe2 reader=from writer=w2
        - hand: {client.r1: server.from}
        - hand: {client.w2: server.to}
        - server: bench_pong by=stream write=to read=from
        - client: bench_ping by=stream write=to read=from
    """

  /// Returns the results of a series in which the reference needs 10 µs per round trip.
  func results(seed: UInt64 = 1) throws -> [BenchmarkResult] {
    var series = BenchmarkSeries(
      definition: try Self.definition(), placement: .twoCores, reference: Self.reference,
      pairings: [Self.reference, Self.other], budget: 0.03)
    var generator = SeededGenerator(seed: seed)
    for round in 0..<rounds {
      func measurement(_ time: Double) -> BenchmarkSession.Measurement {
        let factor = drift(round) * Double.random(in: 1 - noise...1 + noise, using: &generator)
        var latency = LatencyHistogram()
        for _ in 0..<100 { latency.record(UInt64(time * factor)) }
        return BenchmarkSession.Measurement(
          count: 100, elapsed: time * factor * 100, latency: latency, service: LatencyHistogram())
      }
      series.add(measurement(10_000), Self.reference, isControl: false, load: Self.load)
      series.add(measurement(10_000), Self.reference, isControl: true, load: Self.load)
      series.add(measurement(10_000 + loss), Self.other, isControl: false, load: Self.load)
    }
    return series.results(seed: seed)
  }

  static let load = BenchmarkSession.Load(mode: .pingPong, size: 1, count: 100, warmup: 10)

  /// Returns a document with these results.
  static func document(_ results: [BenchmarkResult]) -> BenchmarkDocument {
    var machine = MachineDescription()
    (machine.loadBefore, machine.loadOfOthers) = (0, 0)
    return BenchmarkDocument(
      run: BenchmarkRun(
        machine: machine, implementations: ["c": "gcc-12.2.0", "swift": "swift-6.3"], reference: "c>c", rounds: 5,
        seed: 1, budget: 0.03, seconds: 12),
      results: results, programs: [], comparisons: [], notes: ["a <note>"], problems: [], isComplete: true)
  }
}
