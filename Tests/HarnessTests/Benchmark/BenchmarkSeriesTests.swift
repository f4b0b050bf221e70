import Testing

@testable import Harness

@Suite("A series of measurements") struct BenchmarkSeriesTests {
  @Test("detects a peer that loses 5 µs per message", arguments: [0, 0.02, 0.1]) func slow(noise: Double) throws {
    let result = try #require(try SyntheticRounds(noise: noise, loss: 5_000).results().first)
    let ratio = try #require(result["swift>swift"]?.ratio)
    #expect((1.2...1.8).contains(ratio.value))
    #expect(ratio.low > 1)
  }

  @Test("finds no difference between equal peers", arguments: 1...20 as ClosedRange<UInt64>)
  func equal(seed: UInt64) throws {
    let result = try #require(try SyntheticRounds(noise: 0.05).results(seed: seed).first)
    let ratio = try #require(result["swift>swift"]?.ratio)
    #expect(ratio.contains(1))
  }

  @Test("compares with the reference in the same round, so machine slowdowns cancel out") func drift() throws {
    let rounds = SyntheticRounds(noise: 0.01, loss: 2_000, drift: { [1, 3, 2, 5, 1][$0] })
    let ratio = try #require(try rounds.results().first?["swift>swift"]?.ratio)
    #expect((1.15...1.25).contains(ratio.value))
    #expect(ratio.low > 1.1 && ratio.high < 1.3)
  }

  @Test("has wide intervals if the reference differs from itself") func noisy() throws {
    let calm = try #require(try SyntheticRounds(noise: 0.01).results().first?["swift>swift"]?.ratio)
    let noisy = try #require(try SyntheticRounds(noise: 0.3).results().first?["swift>swift"]?.ratio)
    #expect(noisy.high - noisy.low > 4 * (calm.high - calm.low))
  }

  @Test("reports percentiles, rates and the claim") func values() throws {
    let result = try #require(try SyntheticRounds().results().first)
    let base = try #require(result["c>c"])
    #expect(base.ratio == nil)
    #expect(base.messages == 500)
    #expect(base.percentiles?["p50"].map { abs($0 - 10_000) < 160 } == true)
    #expect(abs(base.messagesPerSecond - 200_000) < 1)
    #expect(base.bytesPerSecond == base.messagesPerSecond)
    #expect(result.claim == BenchmarkResult.Claim(unit: "µs one way", low: 5, high: 10))
    let claim = try #require(ClaimComparison(result, reference: "c>c"))
    #expect(claim.claimed == "5-10 µs one way")
    #expect(claim.verdict == "as claimed" || claim.verdict == "faster")
  }
}
