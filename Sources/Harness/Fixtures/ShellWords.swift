/// Splits a command into words as a shell does, without variables, patterns or substitutions.
enum ShellWords {
  /// Returns the words of a command, without the quotes; if a quote is not closed, logs the reason and returns nil.
  ///
  /// Quotes protect spaces. In single quotes, every other character is literal. Elsewhere, a backslash makes the next
  /// quote, space or backslash literal.
  static func split(_ command: SourceText, _ log: DiagnosticLog) -> [SourceText]? {
    var words: [SourceText] = []
    var word = Word(command)
    var quote: (mark: UInt8, index: Int)?
    let bytes = Array(command.text.utf8)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      let next = index + 1 < bytes.count ? bytes[index + 1] : nil
      switch byte {
      case UInt8(ascii: "\\") where quote?.mark != UInt8(ascii: "'") && next.map(Self.isSpecial) == true:
        word.remove(index)
        index += 1
        word.extend(through: index)
      case quote?.mark:
        word.remove(index)
        quote = nil
      case UInt8(ascii: "'") where quote == nil, UInt8(ascii: "\"") where quote == nil:
        word.remove(index)
        quote = (byte, index)
      case UInt8(ascii: " ") where quote == nil, UInt8(ascii: "\n") where quote == nil:
        if let text = word.take() { words.append(text) }
      default: word.extend(through: index)
      }
      index += 1
    }
    if let quote {
      log.add(command[quote.index...].location, "this quote has no end in the command")
      return nil
    }
    if let text = word.take() { words.append(text) }
    return words
  }

  private static func isSpecial(_ byte: UInt8) -> Bool { " '\"\\".utf8.contains(byte) }

  /// A range of the command that forms a word, and the indices of the quotes and backslashes to remove from it.
  private struct Word {
    private let command: SourceText
    private var range: Range<Int>?
    private var removed: [Int] = []

    init(_ command: SourceText) { self.command = command }

    mutating func extend(through index: Int) { range = (range?.lowerBound ?? index)..<index + 1 }

    /// Extends the word by a quote or backslash, which the word's text does not contain.
    mutating func remove(_ index: Int) {
      extend(through: index)
      removed.append(index)
    }

    /// Returns the word, and begins the next one; nil between words.
    mutating func take() -> SourceText? {
      guard let range else { return nil }
      var text = command[range]
      for index in removed.reversed() {
        text = text.replacing(index - range.lowerBound..<index - range.lowerBound + 1, with: "")
      }
      self.range = nil
      removed = []
      return text
    }
  }
}
