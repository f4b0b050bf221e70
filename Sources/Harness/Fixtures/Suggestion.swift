/// Suggestions for an unknown word.
public enum Suggestion {
  /// Returns the alphabetically first candidate that differs from the word by one edit; nil if there is none.
  public static func misspelled(_ word: String, among candidates: some Sequence<String>) -> String? {
    let length = word.unicodeScalars.count
    guard length <= 64 else { return nil }
    return candidates.filter { abs($0.unicodeScalars.count - length) <= 1 && distance(word, $0) == 1 }.min()
  }

  /// Returns a clause to append to "unknown ...": the nearest of `words`, or a short list of all words if none is near.
  static func clause(for word: String, among words: some Sequence<String>) -> String {
    let candidates = Set(words).sorted()
    let nearest = nearestClause(for: word, among: candidates)
    if !nearest.isEmpty { return nearest }
    if candidates.isEmpty { return "; there are none" }
    return candidates.count <= 16 ? "; it is one of \(candidates.joined(separator: ", "))" : ""
  }

  /// Returns a clause that suggests the nearest of `words`; empty if none is near.
  static func nearestClause(for word: String, among words: some Sequence<String>) -> String {
    nearest(to: word, among: words).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// Returns the candidate with the smallest edit distance; nil if all need more than one edit per three letters.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    // Skip long texts: computing the edit distance takes time proportional to the product of both lengths.
    guard word.utf8.count <= 64 else { return nil }
    let limit = max(1, word.count / 3)
    let nearest = candidates.map { (distance(word.lowercased(), $0.lowercased()), $0) }
      .filter { $0.0 <= limit }
      .min { $0.0 < $1.0 }?.1
    return nearest ?? containing(word, among: candidates)
  }

  /// Returns the candidate that begins or ends with the word, if there is only one: `prio` matches `msg_prio`.
  private static func containing(_ word: String, among candidates: some Sequence<String>) -> String? {
    guard word.count >= 3 else { return nil }
    let found = candidates.filter { $0.hasSuffix("_\(word)") || $0.hasPrefix("\(word)_") }
    return found.count == 1 ? found[0] : nil
  }

  /// Returns the number of insertions, removals, replacements and adjacent swaps that turn `a` into `b`.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.unicodeScalars)
    let b = Array(b.unicodeScalars)
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        var best = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforePrevious[j - 2] + 1) }
        row.append(best)
      }
      beforePrevious = previous
      previous = row
    }
    return previous[b.count]
  }
}
