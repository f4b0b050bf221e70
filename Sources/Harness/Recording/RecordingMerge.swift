/// Combines several recordings of the same cell, and marks all values that differ between them, because these may
/// differ in later runs as well.
struct RecordingMerge {
  /// The first recording, with all differences marked.
  private(set) var recording: CellRecording
  /// Descriptions of the differences between runs of the same programs, for the user.
  private(set) var notes: [String] = []
  /// Descriptions of differences that a recording cannot mark, so that every later comparison could fail.
  private(set) var failures: [String] = []

  init(_ first: CellRecording) { recording = first }

  mutating func add(_ other: CellRecording, values: CellValues) {
    // A comparison reports only the first range of bytes that differ, so repeat it to find the next range. The loop
    // ends, because each repetition marks bytes that were not marked before, and a pattern for any bytes is not changed.
    let earlier = failures
    while true {
      // Only a difference that remains at the end is a failure.
      failures = earlier
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
    func change(_ change: (inout RecordedMessage) -> Void) {
      change(&recording.objects[index].parts[part][keyPath: list][number])
    }
    switch what {
    case .type:
      change { $0.type = nil }
      note("the type of a message in \(name) differs from run to run")
    case .priority:
      change { $0.priority = nil }
      note("the priority of a message in \(name) differs from run to run")
    case .offset:
      change { $0.offset = nil }
      note("the offset of bytes in \(name) differs from run to run")
    case .passed, .operation:
      let failure =
        "\(name) cannot be compared, because it differs from run to run: \(difference.explanation(languages: [:]))"
      if !failures.contains(failure) { failures.append(failure) }
    case .bytes(let bytes, let expected, let actual):
      note("bytes in \(name) differ from run to run")
      change {
        $0.content = Self.accepting(bytes, in: $0.content, hasEqualCount: expected == actual, count: expected)
      }
    }
  }

  /// Returns the content with one more range of bytes marked, or as a pattern that matches any bytes.
  private static func accepting(
    _ difference: ContentDifference, in content: RecordedBytes, hasEqualCount: Bool, count: Int
  ) -> RecordedBytes {
    if content.isPattern { return content }
    let range: Range<Int>? =
      switch difference {
      case .padding(let range, _, _): range
      case .content(let range, _, _): number(around: range, in: content)
      case .byteOrder(let width, let offset): offset..<offset + width
      default: hasEqualCount ? 0..<max(1, count) : nil
      }
    // A range that is already marked cannot hide the difference, for example in bytes of which only a digest is known.
    guard let range,
      !content.ignored.contains(where: { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound })
    else { return RecordedBytes(pieces: [.variable(RecordedBytes.any, width: nil)]) }
    var content = content
    content.ignored.append(range)
    return content
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
