/// The symbolic names and values of a set of flags.
struct FlagTable {
  private let symbols: KeyValuePairs<String, Int32>

  init(_ symbols: KeyValuePairs<String, Int32>) { self.symbols = symbols }

  /// Parses symbolic names joined by `|`, or `0`.
  func parse(_ text: String, parameter: String) throws -> Int32 {
    if text == "0" { return 0 }
    var flags: Int32 = 0
    for symbol in text.split(separator: "|", omittingEmptySubsequences: false) {
      guard let value = symbols.first(where: { $0.key == symbol })?.value else {
        throw Invalid("\(parameter)=\(text): the flag '\(symbol)' does not exist here")
      }
      flags |= value
    }
    return flags
  }

  /// Returns the symbolic names of `flags` joined by `|`, or `0`; omits bits that have no name.
  func describe(_ flags: Int32) -> String {
    let set = symbols.filter { $0.value != 0 && flags & $0.value == $0.value }
    return set.isEmpty ? "0" : set.map(\.key).joined(separator: "|")
  }
}
