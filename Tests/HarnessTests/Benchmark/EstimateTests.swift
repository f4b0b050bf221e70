import Testing

@testable import Harness

@Suite("An estimate of a median") struct EstimateTests {
  @Test("is the middle value, with an interval") func median() throws {
    #expect(Estimate.median([]) == nil)
    #expect(Estimate.median([3, 1, 2]) == 2)
    #expect(Estimate.median([4, 1, 2, 3]) == 2.5)
    #expect(Estimate(median: [], seed: 1) == nil)
    let same = try #require(Estimate(median: [7, 7, 7, 7, 7], seed: 1))
    #expect((same.low, same.value, same.high) == (7, 7, 7))
  }

  @Test("has an interval within the range of values, the same for the same seed") func interval() throws {
    let values = [1.0, 1.1, 0.9, 1.2, 0.8]
    let estimate = try #require(Estimate(median: values, seed: 3))
    #expect(estimate.value == 1)
    #expect(estimate.low >= 0.8 && estimate.high <= 1.2)
    #expect(estimate.low < 1 && estimate.high > 1)
    #expect(estimate == Estimate(median: values, seed: 3))
  }

  /// The binomial distribution determines the exact interval: for 99 sorted values, the median is between the 40th and
  /// the 60th value in 95 % of all samples.
  @Test("is close to the exact interval for many values") func many() throws {
    let values = (1...99).map(Double.init)
    let estimate = try #require(Estimate(median: values, seed: 5))
    #expect(estimate.value == 50)
    #expect((37.0...43.0).contains(estimate.low))
    #expect((57.0...63.0).contains(estimate.high))
  }

  @Test("is widened on both sides") func widened() {
    let wide = Estimate(1, low: 0.9, high: 1.2).widened(by: 0.5)
    #expect(abs(wide.low - 0.6) < 1e-9 && abs(wide.high - 1.8) < 1e-9)
    #expect(wide.contains(1) && !wide.contains(2))
  }
}
