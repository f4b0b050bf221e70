/// A pattern in which `*` stands for any text, and every other character for itself: cell ids are full of brackets, so
/// those of a shell would be in the way.
struct Glob: Sendable, Hashable {
  private let parts: [String]
  let pattern: String

  /// Matches a whole text.
  init(_ pattern: String) {
    self.pattern = pattern
    parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
  }

  /// Matches a text that has the pattern somewhere in it.
  init(containing pattern: String) { self.init("*\(pattern)*") }

  func matches(_ text: String) -> Bool {
    guard let first = parts.first, text.hasPrefix(first) else { return false }
    if parts.count == 1 { return text == first }
    var rest = text.dropFirst(first.count)
    for part in parts[1..<parts.count - 1] where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }
}
