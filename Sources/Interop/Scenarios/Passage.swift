/// Text from one line of a file; it knows the column of each of its letters, also after parts of it were cut out or
/// replaced.
struct Passage {
  let file: String
  let line: Int
  /// Where it begins, or would if it is empty.
  let column: Int
  private var letters: [Letter]

  private struct Letter {
    let scalar: Unicode.Scalar
    let column: Int
  }

  /// - Parameter isExact: Each letter of `text` stands in a column of its own; else all are said to stand in the first.
  init(_ text: String, file: String, line: Int, column: Int, isExact: Bool) {
    self.file = file
    self.line = line
    self.column = column
    letters = text.unicodeScalars.enumerated().map { Letter(scalar: $1, column: isExact ? column + $0 : column) }
  }

  private init(_ letters: ArraySlice<Letter>, of whole: Passage) {
    file = whole.file
    line = whole.line
    column = letters.first?.column ?? whole.column
    self.letters = Array(letters)
  }

  var text: String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: letters.lazy.map(\.scalar))
    return String(text)
  }

  var location: SourceLocation { SourceLocation(file: file, line: line, column: column) }
  var count: Int { letters.count }
  var isEmpty: Bool { letters.isEmpty }

  subscript(index: Int) -> Unicode.Scalar { letters[index].scalar }
  subscript(range: some RangeExpression<Int>) -> Passage { Passage(letters[range.relative(to: letters)], of: self) }

  func firstIndex(of scalar: Unicode.Scalar, from start: Int = 0) -> Int? {
    letters[start...].firstIndex { $0.scalar == scalar }
  }

  /// The runs of letters between spaces.
  var words: [Passage] { letters.split { $0.scalar == " " }.map { Passage($0, of: self) } }

  /// The same with the letters of `range` replaced; the new ones all stand where the first old one stood.
  func replacing(_ range: Range<Int>, with text: String) -> Passage {
    var result = self
    let column = letters[range.lowerBound].column
    result.letters.replaceSubrange(range, with: text.unicodeScalars.map { Letter(scalar: $0, column: column) })
    return result
  }
}
