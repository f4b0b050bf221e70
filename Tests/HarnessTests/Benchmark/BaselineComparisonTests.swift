import Testing

@testable import Harness

@Suite("A baseline comparison") struct BaselineComparisonTests {
  private func document(loss: Double = 0, noise: Double = 0.02, seed: UInt64 = 1) throws -> BenchmarkDocument {
    SyntheticRounds.document(try SyntheticRounds(noise: noise, loss: loss).results(seed: seed))
  }

  @Test("reports a regression beyond the noise") func regression() throws {
    let comparison = BaselineComparison(try document(loss: 5_000), baseline: try document())
    #expect(comparison.regressions.map(\.name) == ["pipe/pipe ping-pong 1 B, two cores [swift>swift]"])
    #expect(comparison.regressions.first?.what == "ratio")
    #expect(comparison.improvements == [])
    #expect(comparison.lines.contains { $0.hasPrefix("slower: pipe/pipe") })
  }

  @Test("reports an improvement") func improvement() throws {
    let comparison = BaselineComparison(try document(), baseline: try document(loss: 5_000))
    #expect(comparison.regressions == [])
    #expect(comparison.improvements.count == 1)
  }

  @Test("reports nothing between runs of the same peers", arguments: 1...10 as ClosedRange<UInt64>)
  func noise(seed: UInt64) throws {
    let comparison = BaselineComparison(
      try document(noise: 0.1, seed: seed), baseline: try document(noise: 0.1, seed: 99))
    #expect(comparison.regressions == [])
    #expect(comparison.compared == 2)
  }

  @Test("does not compare times from a busy or a different machine") func machines() throws {
    var slow = try document()
    slow.results[0].pairings[0].time = Estimate(90_000, low: 90_000, high: 90_000)
    #expect(BaselineComparison(slow, baseline: try document()).regressions.map(\.what) == ["time"])
    var busy = slow
    busy.run.machine.loadOfOthers = 1
    #expect(BaselineComparison(busy, baseline: try document()).regressions == [])
    var other = slow
    other.run.machine.kernel = "1.0"
    #expect(BaselineComparison(other, baseline: try document()).regressions == [])
  }
}
