/// Byte ranges in ascending order, of which no two overlap or are adjacent.
struct ByteRanges {
  private static let limit = 64

  private(set) var ranges: [Range<Int>] = []

  /// The number of bytes in all ranges.
  var count: Int { ranges.reduce(0) { $0 + $1.count } }

  /// The offset and length of each range.
  var list: [[Int]] { ranges.map { [$0.lowerBound, $0.count] } }

  /// Adds a range.
  ///
  /// If there are then too many ranges, merges the two that are closest to each other.
  mutating func add(_ added: Range<Int>) {
    if added.isEmpty { return }
    let first = ranges.firstIndex { $0.upperBound >= added.lowerBound } ?? ranges.count
    let next = ranges[first...].firstIndex { $0.lowerBound > added.upperBound } ?? ranges.count
    let joined = ranges[first..<next].reduce(added) { $0.joined(with: $1) }
    ranges.replaceSubrange(first..<next, with: [joined])
    if ranges.count > Self.limit { joinClosest() }
  }

  mutating func removeAll() { ranges = [] }

  private mutating func joinClosest() {
    let gaps = zip(ranges, ranges.dropFirst()).map { $1.lowerBound - $0.upperBound }
    guard let closest = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) else { return }
    ranges.replaceSubrange(closest...closest + 1, with: [ranges[closest].joined(with: ranges[closest + 1])])
  }
}

extension Range {
  fileprivate func joined(with other: Range) -> Range {
    Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
  }
}
