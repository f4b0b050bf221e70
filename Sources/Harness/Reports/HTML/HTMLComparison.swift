/// The expected and the actual response in a failure, shown side by side with the differences marked.
struct HTMLComparison {
  struct Word {
    let text: String
    var isMarked = false
  }

  struct Row {
    let heading: String
    let expected: [Word]
    let actual: [Word]
    /// Whether the words are padded with spaces, so that the bytes on both sides are aligned.
    var isBytes = false
  }

  private(set) var rows: [Row] = []

  private static let maximumLength = 2000

  init(_ evidence: Evidence) {
    let exchanges = evidence.differences.compactMap(\.transcript)
    if evidence.expected != nil || evidence.response != nil {
      let (expected, actual) = (evidence.expected ?? "", evidence.response?.text ?? "")
      if exchanges.contains(where: { $0.location == evidence.location }) {
        rows.append(Self.recorded("response", expected, actual))
      } else if evidence.mismatches.isEmpty, evidence.firstDifference != nil {
        rows.append(Self.aligned("bytes", expected, actual))
      } else {
        rows.append(
          Row(heading: "response", expected: Self.words(expected), actual: Self.actual(actual, expected, evidence)))
      }
    }
    for mismatch in evidence.mismatches {
      rows.append(
        Row(
          heading: mismatch.field, expected: Self.words("\(mismatch.relation)\(mismatch.expected)"),
          actual: [Word(text: (mismatch.actual ?? "missing").shortened(to: Self.maximumLength), isMarked: true)]))
      if let bytes = mismatch.bytes { rows.append(Self.aligned("from byte", bytes.expectedText, bytes.actualText)) }
    }
    if !evidence.mismatches.isEmpty, !evidence.mismatches.contains(where: { $0.bytes != nil }),
      let offset = evidence.firstDifference
    {
      rows.append(
        Row(
          heading: "payload", expected: Self.words("the bytes of the pattern"),
          actual: Self.words("the first difference is at byte \(offset)")))
    }
    for difference in exchanges where difference.location != evidence.location {
      rows.append(Self.recorded("\(difference.location)", difference.expected, difference.response.text))
    }
    for (index, difference) in evidence.differences.compactMap(\.recording).enumerated() {
      guard let recorded = difference.recorded, let actual = difference.actual else { continue }
      rows.append(Self.aligned("\(actual.label), difference \(index + 1)", recorded, actual.bytes))
    }
  }

  private static func words(_ text: String) -> [Word] {
    text.shortened(to: maximumLength).split(separator: " ", omittingEmptySubsequences: false).map {
      Word(text: String($0))
    }
  }

  /// Marks the unexpected fields or, if there are none, the kind of response or its `errno`.
  private static func actual(_ actual: String, _ expected: String, _ evidence: Evidence) -> [Word] {
    var words = words(actual)
    let isOfKind = words.first?.text == expected.split(separator: " ").first.map(String.init)
    for index in words.indices {
      words[index].isMarked =
        if evidence.mismatches.isEmpty { isOfKind ? words[index].text.hasPrefix("errno=") : index == 0 } else {
          evidence.mismatches.contains { words[index].text.hasPrefix("\($0.field)=") }
        }
    }
    return words
  }

  /// Marks the fields that the golden transcript lacks; `*` in a transcript matches any text.
  private static func recorded(_ heading: String, _ expected: String, _ actual: String) -> Row {
    let patterns = expected.split(separator: " ").map { Glob(String($0)) }
    return Row(
      heading: heading, expected: words(expected),
      actual: words(actual).map { word in
        Word(text: word.text, isMarked: !patterns.contains { $0.matches(word.text) })
      })
  }

  /// Marks the words that differ from the word at the same position.
  private static func aligned(_ heading: String, _ expected: String, _ actual: String) -> Row {
    let (left, right) = (words(expected), words(actual))
    func marked(_ words: [Word], _ others: [Word]) -> [Word] {
      words.enumerated().map { index, word in
        let isEqual = index < others.count && others[index].text == word.text
        return Word(text: word.text, isMarked: !isEqual && !word.text.isEmpty)
      }
    }
    return Row(heading: heading, expected: marked(left, right), actual: marked(right, left), isBytes: true)
  }
}
