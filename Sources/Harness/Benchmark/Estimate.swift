/// A median and its 95 % confidence interval.
public struct Estimate: Sendable, Hashable, Codable {
  /// The median of the rounds.
  public var value: Double
  /// The lower bound of the interval.
  public var low: Double
  /// The upper bound of the interval.
  public var high: Double

  init(_ value: Double, low: Double, high: Double) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The number of resamples.
  private static let resamples = 1000

  /// Estimates the median of `values` by the bootstrap percentile method: the interval contains the medians of 95 % of
  /// the resamples.
  ///
  /// With few values, the interval is the range of all values or slightly narrower. The same seed gives the same
  /// interval.
  init?(median values: [Double], seed: UInt64) {
    guard let median = Self.median(values) else { return nil }
    var generator = SeededGenerator(seed: seed)
    var medians: [Double] = []
    for _ in 0..<Self.resamples {
      let resample = values.map { _ in values[Int.random(in: values.indices, using: &generator)] }
      if let median = Self.median(resample) { medians.append(median) }
    }
    medians.sort()
    let tail = Self.resamples / 40
    self.init(median, low: medians[tail], high: medians[medians.count - 1 - tail])
  }

  /// Returns the median (for an even count, the mean of the middle two values); nil if there are no values.
  static func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// Returns the estimate with its interval widened on both sides by a fraction.
  func widened(by fraction: Double) -> Estimate {
    Estimate(value, low: low / (1 + fraction), high: high * (1 + fraction))
  }

  /// Whether the interval contains a value.
  func contains(_ value: Double) -> Bool { low <= value && value <= high }

  /// The larger of the distances from the value to the two bounds, as a fraction of the value.
  var spread: Double { value > 0 ? max(high - value, value - low) / value : 0 }
}
