/// Text from one line of a file, with the column of each character.
///
/// Columns stay correct when parts of the text are removed or replaced. Slices share the storage of the whole text,
/// because the loader splits every step in every row into words. Indices count bytes. The loader searches only for
/// ASCII characters, so a slice never splits a character.
struct SourceText {
  private let storage: Storage
  private let range: Range<Int>

  private final class Storage: Sendable {
    let file: String
    let line: Int
    let bytes: [UInt8]
    let runs: [Run]

    init(file: String, line: Int, bytes: [UInt8], runs: [Run]) {
      self.file = file
      self.line = line
      self.bytes = bytes
      self.runs = runs
    }
  }

  /// A run of bytes that begins at `start`.
  ///
  /// Either each byte advances the column, or all bytes have the same column.
  private struct Run {
    let start: Int
    let column: Int
    /// Whether each character has its own column.
    ///
    /// If not, an error in any character is reported at the first column.
    let advances: Bool
  }

  /// Creates a text that begins at a position in a file.
  ///
  /// If `isExact` is true, each character of `text` has its own column in the file.
  init(_ text: String, file: String, line: Int, column: Int, isExact: Bool) {
    storage = Storage(
      file: file, line: line, bytes: Array(text.utf8), runs: [Run(start: 0, column: column, advances: isExact)])
    range = 0..<storage.bytes.count
  }

  private init(_ storage: Storage, _ range: Range<Int>) {
    self.storage = storage
    self.range = range
  }

  var text: String { String(decoding: storage.bytes[range], as: UTF8.self) }
  var count: Int { range.count }
  var isEmpty: Bool { range.isEmpty }
  var location: SourceLocation {
    SourceLocation(file: storage.file, line: storage.line, column: column(at: range.lowerBound))
  }

  subscript(bounds: some RangeExpression<Int>) -> SourceText {
    let slice = bounds.relative(to: 0..<range.count)
    return SourceText(storage, range.lowerBound + slice.lowerBound..<range.lowerBound + slice.upperBound)
  }

  /// Returns the index of the first occurrence of an ASCII character; nil if there is none.
  func firstIndex(of character: Unicode.Scalar, from start: Int = 0) -> Int? {
    let wanted = UInt8(ascii: character)
    var index = range.lowerBound + start
    while index < range.upperBound {
      if storage.bytes[index] == wanted { return index - range.lowerBound }
      index += 1
    }
    return nil
  }

  /// The parts of the text that are separated by spaces.
  var words: [SourceText] {
    var words: [SourceText] = []
    var start = range.lowerBound
    for index in range where storage.bytes[index] == UInt8(ascii: " ") {
      if start < index { words.append(SourceText(storage, start..<index)) }
      start = index + 1
    }
    if start < range.upperBound { words.append(SourceText(storage, start..<range.upperBound)) }
    return words
  }

  /// Returns a copy with `text` in place of the bytes `replaced`.
  ///
  /// The new text has the column of the first replaced byte.
  func replacing(_ replaced: Range<Int>, with text: String) -> SourceText {
    let bytes = storage.bytes[range]
    let (start, end) = (bytes.startIndex + replaced.lowerBound, bytes.startIndex + replaced.upperBound)
    let inserted = Array(text.utf8)
    var runs = runs(in: bytes.startIndex..<start, at: 0)
    if !inserted.isEmpty {
      runs.append(Run(start: replaced.lowerBound, column: column(at: start), advances: false))
    }
    runs += self.runs(in: end..<bytes.endIndex, at: replaced.lowerBound + inserted.count)
    let storage = Storage(
      file: storage.file, line: storage.line, bytes: bytes[..<start] + inserted + bytes[end...], runs: runs)
    return SourceText(storage, 0..<storage.bytes.count)
  }

  /// Returns the runs of `part`, shifted to start at byte `offset`.
  private func runs(in part: Range<Int>, at offset: Int) -> [Run] {
    guard let first = storage.runs.lastIndex(where: { $0.start <= part.lowerBound }) else { return [] }
    return storage.runs[first...].prefix { $0.start == storage.runs[first].start || $0.start < part.upperBound }.map {
      let start = max($0.start, part.lowerBound)
      return Run(start: start - part.lowerBound + offset, column: column(at: start), advances: $0.advances)
    }
  }

  private func column(at index: Int) -> Int {
    guard let run = storage.runs.last(where: { $0.start <= index }) else { return storage.runs.first?.column ?? 1 }
    guard run.advances else { return run.column }
    return run.column + storage.bytes[run.start..<index].count { $0 & 0xC0 != 0x80 }
  }
}
