/// A difference between the actions of a role and the recording.
struct RecordingDifference: Sendable, Equatable {
  let kind: RecordedObject.Kind
  /// The name of the object in the recording.
  let name: String
  /// The role that differs; nil if it is not known which role should have acted.
  let role: String?
  let what: What
  /// Whether the difference is in what the role received, and not in what it did.
  var isReception = false
  /// When the role began the call that sent or stored what differs; nil if it sent or stored nothing.
  var time: Int?
  /// The role that had sent or stored different bytes before this role did; nil if none had.
  var earlierRole: String?
  /// The bytes around the first one that differs; nil if no bytes differ.
  var bytes: DifferingBytes?

  enum What: Sendable, Equatable {
    case missingObject
    case extraObject
    /// An object of the same kind has a different name.
    case name(actual: String)
    case creator(expected: String, actual: String?)
    /// `mask` is the umask of the process if the mask alone explains the difference.
    case mode(expected: Int, actual: Int, mask: Int?)
    case notExclusive
    case limit(RecordedObject.Creation.Limit, expected: Int?, actual: Int?)
    case notRemoved(expected: String)
    case remover(expected: String, actual: String)
    case extraRemoval
    case keptOnExec
    /// Message `index` of the recording, from 0, has no counterpart.
    case missingMessage(index: Int, RecordedMessage)
    case extraMessage(index: Int, RecordedMessage)
    /// The messages are the recorded ones in a different order; `index` is the first one that differs.
    case order(index: Int)
    case message(index: Int, MessageDifference)
  }

  /// Whether something is missing that the role might have done if it had run to completion.
  var isMissing: Bool {
    switch what {
    case .missingObject, .missingMessage, .notRemoved, .creator(_, nil): true
    case .message(_, .bytes(.missingEnd, _, _)): true
    default: false
    }
  }
}

extension RecordingDifference {
  /// Returns the differences with those in bytes sorted by the time at which the bytes were sent; others keep their
  /// places.
  ///
  /// A role that only sends back what it has received differs as well, so each difference names the role that sent
  /// different bytes first.
  static func inOrder(_ differences: [RecordingDifference]) -> [RecordingDifference] {
    let isTimed = { (difference: RecordingDifference) in difference.time != nil && !difference.isReception }
    var timed = differences.filter(isTimed).enumerated().sorted {
      ($0.element.time ?? 0, $0.offset) < ($1.element.time ?? 0, $1.offset)
    }.map(\.element)[...]
    let first = timed.first
    return differences.map { difference in
      guard isTimed(difference), var next = timed.popFirst() else { return difference }
      if next.role != first?.role { next.earlierRole = first?.role }
      return next
    }
  }
}

/// How a message differs from the recorded one.
enum MessageDifference: Sendable, Equatable {
  case bytes(ContentDifference, expected: Int, actual: Int)
  case priority(expected: Int, actual: Int)
  case type(expected: MessageType, actual: MessageType)
  case offset(expected: Int, actual: Int)
  case passed(expected: [String], actual: [String])
  case operation(expected: String, actual: String)
}

/// The bytes of a message around the first one that differs from the recorded message, as lines of text.
struct DifferingBytes: Sendable, Equatable {
  let recorded: String
  let actual: String

  /// Compares two messages; `value` returns the values that variables of a recording have in the cell.
  ///
  /// Bytes of which a recording has only a pattern or a digest are shown in the form of the recording.
  init(recorded: RecordedBytes, actual: RecordedBytes, _ value: (String) -> String?) {
    let (expected, found) = (recorded.filled(value), actual.filled(value))
    let ignored = recorded.ignoredRanges(value)
    if let expected, let found,
      let difference = ByteDifference(expected: expected, actual: found, ignoring: ignored)
    {
      (self.recorded, self.actual) = (difference.expectedText, difference.actualText)
    } else {
      self.recorded = Self.line(recorded, expected)
      self.actual = Self.line(actual, found)
    }
  }

  private static let maximumLength = 100

  private static func line(_ recorded: RecordedBytes, _ bytes: [UInt8]?) -> String {
    if let digest = recorded.digest { return "\(digest.count) bytes with the digest \(digest.digest)" }
    if let bytes { return ByteDifference.line(bytes, around: 0) }
    return (recorded.isText ? "'\(recorded.text)'" : recorded.hexadecimal).shortened(to: maximumLength)
  }
}
