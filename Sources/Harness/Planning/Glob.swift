/// A pattern in which `*` matches any text, and every other character matches itself.
///
/// Brackets are not special, because cell ids contain them.
struct Glob: Sendable, Hashable {
  /// The parts between the asterisks.
  ///
  /// They are in UTF-8, because comparing every filter with every cell must be fast.
  private let parts: [[UInt8]]
  let pattern: String

  /// Creates a pattern that must match the whole text.
  init(_ pattern: String) {
    self.pattern = pattern
    parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// Creates a pattern that matches any text that contains `pattern`.
  init(containing pattern: String) { self.init("*\(pattern)*") }

  func matches(_ text: String) -> Bool {
    let bytes = text.utf8.span
    guard let first = parts.first, let last = parts.last, Self.holds(first, bytes, at: 0) else { return false }
    if parts.count == 1 { return bytes.count == first.count }
    var start = first.count
    for part in parts[1..<parts.count - 1] {
      guard let found = Self.index(of: part, in: bytes, from: start) else { return false }
      start = found + part.count
    }
    return bytes.count - start >= last.count && Self.holds(last, bytes, at: bytes.count - last.count)
  }

  private static func index(of part: [UInt8], in text: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index + part.count <= text.count {
      if holds(part, text, at: index) { return index }
      index += 1
    }
    return nil
  }

  private static func holds(_ part: [UInt8], _ text: Span<UInt8>, at start: Int) -> Bool {
    guard start + part.count <= text.count else { return false }
    for offset in part.indices where text[start + offset] != part[offset] { return false }
    return true
  }
}
