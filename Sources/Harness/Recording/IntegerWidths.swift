/// Integers that have more bytes in one of two otherwise equal messages.
///
/// The comparison finds a Swift `Int` where the recording has a `uint32_t`, and vice versa. Integers are little-endian,
/// so the additional bytes follow the others.
struct IntegerWidths: Sendable, Equatable {
  /// The number of bytes per integer in the recording.
  let recorded: Int
  /// The number of bytes per integer in the message.
  let actual: Int
  /// The offset of the first integer, which is the same in both messages.
  let offset: Int
  /// The number of integers with a different width.
  let count: Int

  /// The pairs of integer widths that are often confused, most frequent first.
  private static let pairs = [(4, 8), (2, 8), (2, 4)]

  /// Compares two messages; nil if the difference has a different cause.
  init?(_ expected: [UInt8], _ actual: [UInt8]) {
    let isLonger = actual.count > expected.count
    let (short, long) = isLonger ? (expected, actual) : (actual, expected)
    for (narrow, wide) in Self.pairs {
      let extra = long.count - short.count
      guard extra > 0, extra % (wide - narrow) == 0, extra / (wide - narrow) <= Self.maximumCount,
        short.count <= RecordedBytes.maximum
      else { continue }
      var search = Search(short: short, long: long, narrow: narrow, wide: wide)
      guard search.succeeds(at: 0, after: 0), let first = search.found.last else { continue }
      (recorded, self.actual) = isLonger ? (narrow, wide) : (wide, narrow)
      (offset, count) = (first, search.found.count)
      return
    }
    return nil
  }

  private static let maximumCount = 16

  /// A search for the integers in the shorter message that are wider in the longer message.
  private struct Search {
    let short: [UInt8]
    let long: [UInt8]
    let narrow: Int
    let wide: Int
    /// The offsets of the integers in the shorter message, in reverse order.
    private(set) var found: [Int] = []
    private var failed: Set<State> = []

    private struct State: Hashable {
      let offset: Int
      let widened: Int
    }

    init(short: [UInt8], long: [UInt8], narrow: Int, wide: Int) {
      (self.short, self.long, self.narrow, self.wide) = (short, long, narrow, wide)
    }

    /// Returns whether the rest of both messages is equal except for integers with additional bytes.
    ///
    /// `widened` is the number of such integers before `offset`.
    mutating func succeeds(at offset: Int, after widened: Int) -> Bool {
      let start = offset + widened * (wide - narrow)
      if long.count - start == short.count - offset { return short[offset...].elementsEqual(long[start...]) }
      guard !failed.contains(State(offset: offset, widened: widened)), offset + narrow <= short.count,
        start + narrow <= long.count, short[offset..<offset + narrow].elementsEqual(long[start..<start + narrow])
      else { return false }
      if isInteger(at: offset), start + wide <= long.count, long[start + narrow..<start + wide].allSatisfy({ $0 == 0 }),
        succeeds(at: offset + narrow, after: widened + 1)
      {
        found.append(offset)
        return true
      }
      if succeeds(at: offset + narrow, after: widened) { return true }
      failed.insert(State(offset: offset, widened: widened))
      return false
    }

    /// Returns whether the bytes are unlikely to be text.
    private func isInteger(at offset: Int) -> Bool {
      short[offset..<offset + narrow].count { (0x20..<0x7F).contains($0) } <= narrow / 2
        && short[offset..<offset + narrow].contains { $0 < 0x20 }
    }
  }
}

extension IntegerWidths {
  /// The difference, worded as a reason for a report.
  var explanation: String {
    let (narrow, wide) = (min(recorded, actual), max(recorded, actual))
    let nuls = counted(count * (wide - narrow), "NUL")
    let place = "at offset \(offset + narrow)"
    let types = [2: "UInt16", 4: "UInt32", 8: "Int"]
    let names = "\(types[actual] ?? "") for \(types[recorded] ?? "")?"
    let verb = (count * (wide - narrow) == 1 ? "is " : "are ") + (actual > recorded ? "inserted" : "missing")
    let change = "\(actual) bytes instead of \(recorded) (\(names))"
    return count == 1
      ? "\(nuls) \(verb) \(place): the integer at offset \(offset) has \(change)"
      : "\(nuls) \(verb), the first \(place): \(count) integers, the first at offset \(offset), have \(change)"
  }
}
