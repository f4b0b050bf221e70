/// Combines several recordings of the same cell, and marks all values that differ between them, because these may
/// differ in later runs as well.
struct RecordingMerge {
  /// The first recording, with all differences marked.
  private(set) var recording: CellRecording
  /// Descriptions of the differences between runs of the same programs, for the user.
  private(set) var notes: [String] = []

  init(_ first: CellRecording) { recording = first }

  mutating func add(_ other: CellRecording, values: CellValues) {
    // A comparison reports only the first range of bytes that differ, so repeat it to find the next range.
    while true {
      let differences = RecordingComparison(expected: recording, actual: other, values: values).differences()
      let before = recording
      for difference in differences { accept(difference) }
      if recording == before { return }
    }
  }

  private mutating func accept(_ difference: RecordingDifference) {
    guard
      let index = recording.objects.firstIndex(where: { $0.kind == difference.kind && $0.name == difference.name })
    else { return note("some runs use \(difference.kind.noun) \(difference.name), and others do not") }
    let name = "\(difference.kind.noun) \(difference.name)"
    switch difference.what {
    case .name:
      note("\(name) has a different name in each run")
      recording.objects[index].name = RecordingComparison.anyName
    case .creator, .remover:
      note("\(name) is created or removed by a different role in some runs")
      recording.objects[index].tolerance.roles = true
    case .order:
      note("the order in \(name) differs from run to run")
      recording.objects[index].tolerance.order = true
    case .missingMessage, .extraMessage:
      note("the number of messages in \(name) differs from run to run")
      recording.objects[index].tolerance.count = true
    case .message(let number, let what):
      accept(what, number, of: difference, at: index)
    case .missingObject, .extraObject, .mode, .notExclusive, .limit, .notRemoved, .extraRemoval, .keptOnExec:
      note("\(name) differs from run to run: \(difference.explanation(languages: [:]))")
    }
  }

  private mutating func accept(
    _ what: MessageDifference, _ number: Int, of difference: RecordingDifference, at index: Int
  ) {
    guard let part = recording.objects[index].parts.firstIndex(where: { $0.role == difference.role }) else { return }
    let list: WritableKeyPath<RecordedObject.Part, [RecordedMessage]> =
      difference.isReception ? \.received : \.messages
    let name = "\(difference.kind.noun) \(difference.name)"
    if case .type = what {
      recording.objects[index].parts[part][keyPath: list][number].type = nil
      return note("the type of a message in \(name) differs from run to run")
    }
    guard case .bytes(let bytes, let expected, let actual) = what else {
      // If a difference cannot be attributed to a single message, ignore the number and the order of all messages.
      recording.objects[index].tolerance.count = true
      return note("\(name) differs from run to run: \(difference.explanation(languages: [:]))")
    }
    note("bytes in \(name) differ from run to run")
    var content = recording.objects[index].parts[part][keyPath: list][number].content
    switch bytes {
    case .padding(let range, _, _): content.ignored.append(range)
    case .content(let range, _, _): content.ignored.append(Self.number(around: range, in: content))
    case .byteOrder(let width, let offset): content.ignored.append(offset..<offset + width)
    default:
      if expected == actual {
        content.ignored.append(0..<max(1, expected))
      } else {
        content = RecordedBytes(pieces: [.variable(RecordedBytes.any, width: nil)])
      }
    }
    recording.objects[index].parts[part][keyPath: list][number].content = content
  }

  /// Extends a range of digits to the entire number, because its other digits may differ in another run.
  private static func number(around range: Range<Int>, in content: RecordedBytes) -> Range<Int> {
    guard let bytes = content.filled({ _ in nil }), range.upperBound <= bytes.count else { return range }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard bytes[range].allSatisfy(digits.contains) else { return range }
    let before = bytes[..<range.lowerBound].reversed().prefix(while: digits.contains).count
    let after = bytes[range.upperBound...].prefix(while: digits.contains).count
    return range.lowerBound - before..<range.upperBound + after
  }

  private mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }
}
