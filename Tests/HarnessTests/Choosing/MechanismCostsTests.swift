import SystemPackage
import Testing

@testable import Harness

@Suite("The costs of mechanisms")
struct MechanismCostsTests {
  private static func result(
    _ benchmark: String, _ mode: BenchmarkMode, _ size: Int, _ placement: BenchmarkPlacement, _ time: Double
  ) -> BenchmarkResult {
    let times: [(String, Double)] = [("c>c", time), ("swift>swift", time * 2)]
    let pairings = times.map { (pairing: String, time: Double) -> PairingResult in
      PairingResult(
        pairing: pairing, messages: 1, time: Estimate(time, low: time, high: time), messagesPerSecond: 1e9 / time,
        bytesPerSecond: 1e9 / time * Double(size))
    }
    return BenchmarkResult(
      benchmark: benchmark, mechanism: "pipe", title: "", mode: mode, size: size, placement: placement,
      control: Estimate(1, low: 1, high: 1), pairings: pairings)
  }

  @Test("are those of Swift on two cores, with the nearest size")
  func nearest() {
    let costs = MechanismCosts.costs(
      [
        Self.result("pipe/pipe", .pingPong, 64, .oneCore, 9000),
        Self.result("pipe/pipe", .pingPong, 64, .twoCores, 5000),
        Self.result("pipe/pipe", .pingPong, 4096, .twoCores, 7000),
        Self.result("pipe/pipe", .flood, 64, .twoCores, 500),
        Self.result("pipe/other", .pingPong, 64, .twoCores, 1),
      ], size: 100)
    #expect(
      costs == [
        "pipe": MechanismCosts.Cost(
          benchmark: "pipe/pipe [swift>swift]", size: 64, oneWay: 5000, messagesPerSecond: 1_000_000,
          bytesPerSecond: 64_000_000)
      ])
    #expect(
      costs["pipe"]?.words == "5.00 µs one way, 1.00 M/s messages, 64.0 MB/s with 64 bytes: pipe/pipe [swift>swift]")
  }

  @Test("are refused if the file is not a report")
  func wrongFile() throws {
    let path = Checkout.root.appending("Package.swift").string
    let error = #expect(throws: RunError.self) { try MechanismCosts(reading: path, size: nil) }
    #expect(error?.description == "\(path) is not a report of 'ipc-interop bench --format json'")
  }
}
