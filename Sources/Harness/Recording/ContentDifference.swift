import PeerProtocol

/// How a message's bytes differ from the recorded bytes.
enum ContentDifference: Sendable, Equatable {
  /// NULs that are in the recording but not in the message; the other bytes are equal.
  ///
  /// `lengths` is the number of length bytes that differ by 1 because of the missing NULs.
  case missingNULs(count: Int, isLast: Bool, lengths: Int = 0)
  case extraNULs(count: Int, isLast: Bool, lengths: Int = 0)
  /// Integers in one message are wider than in the other, and the additional bytes are NULs.
  case width(IntegerWidths)
  /// Integers of `width` bytes in reverse byte order.
  case byteOrder(width: Int, offset: Int)
  /// A short gap that ends at a multiple of 4 and is zero in one of the messages: the padding in a C structure.
  case padding(Range<Int>, expected: [UInt8], actual: [UInt8])
  case content(Range<Int>, expected: [UInt8], actual: [UInt8])
  /// The message is a prefix of the recorded message.
  case missingEnd(count: Int)
  case extraEnd([UInt8])
  case length(firstDifference: Int)
  /// The bytes do not match the recorded text that contains `{any}`, or the recorded digest.
  case mismatch

  /// Compares bytes with the recorded bytes; returns nil if they differ only within the `ignored` ranges.
  static func between(_ expected: [UInt8], _ actual: [UInt8], ignoring ignored: [Range<Int>] = []) -> ContentDifference?
  {
    guard expected.count == actual.count else { return ofLengths(expected, actual) }
    let ranges = differingRanges(expected, actual, ignored)
    guard let first = ranges.first else { return nil }
    if let (width, offset) = reversed(expected, actual, ranges) { return .byteOrder(width: width, offset: offset) }
    func bytes(_ range: Range<Int>) -> (expected: [UInt8], actual: [UInt8]) {
      (Array(expected[range]), Array(actual[range]))
    }
    if ranges.allSatisfy({ isPadding($0, expected, actual) }) {
      return .padding(first, expected: bytes(first).expected, actual: bytes(first).actual)
    }
    let range = first.lowerBound..<min(first.upperBound, first.lowerBound + 16)
    return .content(range, expected: bytes(range).expected, actual: bytes(range).actual)
  }

  /// Returns the ranges in which the bytes differ; adjacent bytes that differ form one range.
  static func differingRanges(_ expected: [UInt8], _ actual: [UInt8], _ ignored: [Range<Int>]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in expected.indices where expected[index] != actual[index] && !ignored.contains(where: { $0 ~= index }) {
      if let last = ranges.last, index - last.upperBound < 1 {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }

  private static func ofLengths(_ expected: [UInt8], _ actual: [UInt8]) -> ContentDifference {
    if let widths = IntegerWidths(expected, actual) { return .width(widths) }
    let nuls = expected.count { $0 == 0 } - actual.count { $0 == 0 }
    // If many NULs are missing, they belong to a zero-filled gap rather than to strings.
    if expected.count - actual.count == nuls, abs(nuls) <= 64,
      expected.filter({ $0 != 0 }) == actual.filter({ $0 != 0 })
    {
      let (longer, shorter) = nuls > 0 ? (expected, actual) : (actual, expected)
      let isLast = longer.last == 0 && abs(nuls) == 1 && shorter.last != 0
      return nuls > 0 ? .missingNULs(count: nuls, isLast: isLast) : .extraNULs(count: -nuls, isLast: isLast)
    }
    if let (count, lengths) = counted(missingIn: actual, of: expected) {
      return .missingNULs(count: count, isLast: false, lengths: lengths)
    }
    if let (count, lengths) = counted(missingIn: expected, of: actual) {
      return .extraNULs(count: count, isLast: false, lengths: lengths)
    }
    if expected.starts(with: actual) { return .missingEnd(count: expected.count - actual.count) }
    if actual.starts(with: expected) { return .extraEnd(Array(actual[expected.count...])) }
    let shorter = min(expected.count, actual.count)
    let common = between(Array(expected.prefix(shorter)), Array(actual.prefix(shorter)))
    if case .byteOrder(let width, let offset)? = common {
      return .byteOrder(width: width, offset: offset)
    }
    return .length(firstDifference: zip(expected, actual).prefix { $0 == $1 }.count)
  }

  /// Returns how many NULs of `longer` are missing from `shorter`, if the only other differences are in the lengths of
  /// strings.
  private static func counted(missingIn shorter: [UInt8], of longer: [UInt8]) -> (count: Int, lengths: Int)? {
    guard longer.count > shorter.count, longer.count - shorter.count <= 64 else { return nil }
    var (count, lengths, index) = (0, 0, 0)
    for byte in longer {
      if index < shorter.count, shorter[index] == byte {
        index += 1
      } else if byte == 0, count < longer.count - shorter.count {
        count += 1
      } else if index < shorter.count, byte > 0, shorter[index] == byte - 1 {
        lengths += 1
        index += 1
      } else {
        return nil
      }
    }
    return index == shorter.count && lengths <= count ? (count, lengths) : nil
  }

  /// Returns the width and first offset of the byte-reversed integers, if they explain all differences.
  private static func reversed(_ expected: [UInt8], _ actual: [UInt8], _ ranges: [Range<Int>]) -> (Int, Int)? {
    for width in [4, 8, 2] where expected.count >= width {
      if let first = firstReversed(expected, actual, ranges, width) { return (width, first) }
    }
    return nil
  }

  private static func firstReversed(
    _ expected: [UInt8], _ actual: [UInt8], _ ranges: [Range<Int>], _ width: Int
  ) -> Int? {
    var first: Int?
    var end = 0
    for range in ranges where range.upperBound > end {
      // The reversed integer contains the first differing byte, but can begin before it, because its first bytes can be
      // equal by chance.
      let starts = max(0, range.lowerBound - width + 1)...range.lowerBound
      let start = starts.reversed().sorted { $0 % width == 0 && $1 % width != 0 }.first { start in
        start >= end && start + width <= expected.count
          && expected[start..<start + width].elementsEqual(actual[start..<start + width].reversed())
      }
      guard let start else { return nil }
      first = first ?? start
      end = start + width
      if range.upperBound > end {
        // The rest of the range must consist of further reversed integers.
        let rest = [end..<range.upperBound]
        guard firstReversed(expected, actual, rest, width) != nil else { return nil }
        end = range.upperBound
      }
    }
    return first
  }

  private static func isPadding(_ range: Range<Int>, _ expected: [UInt8], _ actual: [UInt8]) -> Bool {
    func isZero(_ bytes: [UInt8]) -> Bool { bytes[range].allSatisfy { $0 == 0 } }
    guard range.count < 8, isZero(expected) || isZero(actual) else { return false }
    let end = range.upperBound
    let isBeforeWord = range.lowerBound % 4 != 0 && end % 4 == 0
    return isBeforeWord || (range.lowerBound % 8 == 4 && end % 8 == 0 && end < expected.count)
  }
}
