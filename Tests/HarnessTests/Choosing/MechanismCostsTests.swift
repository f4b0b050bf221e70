import SystemPackage
import Testing

@testable import Harness

@Suite("Mechanism costs")
struct MechanismCostsTests {
  /// Returns a measurement of c>c and of swift>swift, in which swift>swift takes twice as long.
  static func result(
    _ benchmark: String, _ mode: BenchmarkMode, _ size: Int, _ placement: BenchmarkPlacement = .twoCores,
    time: Double
  ) -> BenchmarkResult {
    let times: [(String, Double)] = [("c>c", time), ("swift>swift", time * 2)]
    let pairings = times.map { (pairing: String, time: Double) -> PairingResult in
      PairingResult(
        pairing: pairing, messages: 1, time: Estimate(time, low: time, high: time), messagesPerSecond: 1e9 / time,
        bytesPerSecond: 1e9 / time * Double(size))
    }
    return BenchmarkResult(
      benchmark: benchmark, mechanism: String(benchmark.prefix { $0 != "/" }), title: "", mode: mode, size: size,
      placement: placement, control: Estimate(1, low: 1, high: 1), pairings: pairings)
  }

  private static func cost(
    of mechanism: String = "unix-socket", _ requirements: Requirements, _ results: [BenchmarkResult]
  ) throws -> MechanismCosts.Cost? {
    let facts = try #require(try MechanismGuideTests.guide.get().mechanism(mechanism))
    return MechanismCosts(source: "bench.json", results: results).cost(of: facts, for: requirements)
  }

  private static let results = [
    result("unix-socket/stream", .pingPong, 64, .oneCore, time: 9000),
    result("unix-socket/stream", .pingPong, 64, time: 5000),
    result("unix-socket/stream", .pingPong, 4096, time: 7000),
    result("unix-socket/stream", .pingPong, 65536, time: 20_000),
    result("unix-socket/stream", .flood, 64, time: 500),
    result("unix-socket/stream", .flood, 4096, time: 1000),
    result("unix-socket/seqpacket", .pingPong, 64, time: 6000),
    result("unix-socket/seqpacket", .flood, 64, time: 800),
  ]

  @Test("default to Swift on two cores, the first benchmark, and 64 bytes")
  func defaults() throws {
    let cost = try Self.cost(Requirements(), Self.results)
    #expect(
      cost
        == MechanismCosts.Cost(
          benchmark: "unix-socket/stream [swift>swift]", size: 64, oneWay: 5000, messagesPerSecond: 1_000_000,
          bytesPerSecond: 64_000_000))
    #expect(
      cost?.words
        == "5.00 µs one way, 1.00 M/s messages, 64.0 MB/s with 64 bytes: unix-socket/stream [swift>swift]")
    #expect(try Self.cost(of: "pipe", Requirements(), Self.results) == nil)
  }

  @Test(
    "are those of the size with the nearest ratio, in each mode", arguments: [(100, 64, 1e6), (30_000, 65536, 5e5)])
  func size(stated: Int, shown: Int, rate: Double) throws {
    let cost = try #require(try Self.cost(Requirements(size: stated), Self.results))
    #expect(cost.size == shown)
    #expect(cost.messagesPerSecond == rate)
  }

  @Test("come from the benchmark that a stated need names, if it was measured")
  func need() throws {
    let needs = Requirements(needs: [.boundaries])
    #expect(try Self.cost(needs, Self.results)?.benchmark == "unix-socket/seqpacket [swift>swift]")
    #expect(try Self.cost(needs, Array(Self.results.prefix(3)))?.benchmark == "unix-socket/stream [swift>swift]")
  }

  @Test("name only existing benchmarks")
  func project() throws {
    let known = Set(
      try BenchmarkLoader.load(root: Checkout.root, registry: try Checkout.fixtures.get().registry).map(\.id))
    let named = try MechanismGuideTests.guide.get().mechanisms.flatMap(\.benchmarks.values)
    #expect(!named.isEmpty)
    for name in named { #expect(known.contains(name), "there is no benchmark \(name)") }
  }

  @Test("are rejected if the file is not a report")
  func wrongFile() throws {
    let path = Checkout.root.appending("Package.swift").string
    let error = #expect(throws: RunError.self) { try MechanismCosts(reading: path) }
    #expect(error?.description == "\(path) is not a report of 'ipc-interop bench --format json'")
  }
}
