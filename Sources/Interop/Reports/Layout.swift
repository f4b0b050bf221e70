extension String {
  /// The text with spaces behind, `width` columns wide.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

  /// The text with spaces before, `width` columns wide.
  func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }

  var withoutSpacesBehind: String { String(reversed().drop { $0 == " " }.reversed()) }

  /// The text, or as much of it as fits, with dots for the rest.
  func cut(to width: Int) -> String { count <= width ? self : prefix(Swift.max(0, width - 3)) + "..." }

  /// The text, without its middle when it is longer than people read: both ends of a payload say more than its start.
  func shortened(to limit: Int) -> String {
    let excess = count - limit
    guard excess > 0 else { return self }
    return "\(prefix(limit * 2 / 3)) ...\(excess) characters... \(suffix(limit / 3))"
  }

  /// Lines of at most `width` columns, broken at spaces where there are any, and in long lists behind a comma.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var rest = self[...]
    while rest.count > width {
      let limit = rest.index(rest.startIndex, offsetBy: width)
      let middle = rest.index(rest.startIndex, offsetBy: width / 2)
      let space = rest[...limit].lastIndex(of: " ") ?? rest.startIndex
      let comma = rest[..<limit].lastIndex(of: ",").map { rest.index(after: $0) } ?? rest.startIndex
      let end = space > middle ? space : max(space, comma)
      let cut = end == rest.startIndex ? limit : end
      lines.append(String(rest[..<cut]))
      rest = rest[cut...].drop { $0 == " " }
    }
    return lines + [String(rest)]
  }
}
