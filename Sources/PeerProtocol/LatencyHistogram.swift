/// A histogram of times in nanoseconds.
///
/// Each of the first 128 buckets holds one value. From 128 on, each power of two is divided into 64 buckets of equal
/// width. A bucket is therefore never wider than 1/64 of its values. `docs/peer-protocol.md` defines the text form.
public struct LatencyHistogram: Sendable, Hashable, CustomStringConvertible {
  /// The number of values in each bucket.
  public var counts: [UInt64] { buckets }
  @usableFromInline var buckets: [UInt64]
  /// The number of small values, starting at 0, that have a bucket each.
  private static let exact = 128
  /// The number of buckets per power of two.
  private static let steps = 64
  /// The number of buckets.
  public static let bucketCount = exact + (64 - 7) * steps

  /// Creates an empty histogram.
  public init() { buckets = Array(repeating: 0, count: Self.bucketCount) }

  /// Parses the text form.
  public init(parsing text: String) throws(ProtocolError) {
    self.init()
    var previous = -1
    for pair in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) where !text.isEmpty {
      let parts = pair.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Substring($0) }
      guard parts.count == 2, let bucket = Int(parts[0]), let count = UInt64(parts[1]), count > 0,
        counts.indices.contains(bucket), bucket > previous
      else { throw ProtocolError("'\(Substring(pair))' is not a bucket of a histogram, and its count") }
      buckets[bucket] = count
      previous = bucket
    }
    let total = counts.reduce((sum: UInt64(0), isTooLarge: false)) { total, count in
      let (sum, overflowed) = total.sum.addingReportingOverflow(count)
      return (sum, total.isTooLarge || overflowed)
    }
    if total.isTooLarge { throw ProtocolError("a histogram has fewer than 2^64 values") }
  }

  /// The text form: `BUCKET:COUNT` for each nonempty bucket, in ascending order and joined by commas.
  public var description: String {
    counts.indices.filter { counts[$0] > 0 }.map { "\($0):\(counts[$0])" }.joined(separator: ",")
  }

  /// Returns the bucket that holds a value.
  @inlinable @inline(__always)
  public static func bucket(of value: UInt64) -> Int {
    if value < 128 { return Int(truncatingIfNeeded: value) }
    let power = 63 &- value.leadingZeroBitCount
    return (power &- 6) &* 64 &+ Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: power &- 6))
  }

  /// Returns the smallest value in a bucket's range, and the width of that range.
  public static func range(of bucket: Int) -> (lowest: UInt64, width: UInt64) {
    if bucket < exact { return (UInt64(bucket), 1) }
    let (power, step) = ((bucket - exact) / steps, (bucket - exact) % steps)
    return (UInt64(steps + step) << UInt64(power + 1), 1 << UInt64(power + 1))
  }

  /// Adds a value.
  @inlinable @inline(__always)
  public mutating func record(_ value: UInt64) { buckets[Self.bucket(of: value)] &+= 1 }

  /// Adds the values from another histogram.
  public mutating func add(_ other: LatencyHistogram) {
    for bucket in buckets.indices { buckets[bucket] &+= other.buckets[bucket] }
  }

  /// The number of values.
  public var count: UInt64 { counts.reduce(0, &+) }

  /// Returns the value below which the given fraction of all values is, interpolated within its bucket; nil if there
  /// are no values.
  public func quantile(_ fraction: Double) -> Double? {
    let total = count
    guard total > 0 else { return nil }
    let rank = min(max(fraction, 0), 1) * Double(total)
    var before: Double = 0
    for bucket in counts.indices where counts[bucket] > 0 {
      let here = Double(counts[bucket])
      let (lowest, width) = Self.range(of: bucket)
      // All values in a bucket of width 1 are equal.
      if before + here >= rank {
        return Double(lowest) + (width == 1 ? 0 : Double(width) * max(0, rank - before) / here)
      }
      before += here
    }
    return maximum
  }

  /// The upper bound of the last nonempty bucket; nil if there are no values.
  public var maximum: Double? {
    counts.lastIndex { $0 > 0 }.map { bucket in
      let (lowest, width) = Self.range(of: bucket)
      return Double(lowest) + Double(width - 1)
    }
  }
}
