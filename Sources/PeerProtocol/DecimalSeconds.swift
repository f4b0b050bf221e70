extension Duration {
  /// Parses a time in the protocol's format: decimal seconds with an optional sign, at most 10 digits, and at most 9
  /// digits after the point.
  ///
  /// Returns nil for any other text. The parser uses integers only, because a `Double` would lose nanoseconds.
  public init?(decimalSeconds text: String) {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
    let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : ""
    guard parts[0].utf8.count <= 10, fraction.utf8.count <= 9, !(parts[0].isEmpty && fraction.isEmpty),
      (parts[0] + fraction).utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
      let seconds = Int64("0" + parts[0]),
      let nanoseconds = Int64(fraction + String(repeating: "0", count: 9 - fraction.utf8.count))
    else { return nil }
    let duration = Duration.seconds(seconds) + .nanoseconds(nanoseconds)
    self = isNegative ? .zero - duration : duration
  }
}
