/// A difference between a role's actions and the recording.
struct RecordingDifference: Sendable, Equatable {
  let kind: RecordedObject.Kind
  /// The object's name in the recording.
  let name: String
  /// The role whose actions differ; nil if the role that should have acted is unknown.
  let role: String?
  let what: What
  /// Whether the difference is in the data that the role received, rather than in its actions.
  var isReception = false
  /// The start time of the call that sent or stored the differing data; nil if there is no such call.
  var time: Int?
  /// The role that sent or stored different bytes before this role did; nil if no role did.
  var earlierRole: String?
  /// The bytes around the first difference; nil if no bytes differ.
  var bytes: DifferingBytes?

  enum What: Sendable, Equatable {
    case missingObject
    case extraObject
    /// An object of the same kind has a different name.
    case name(actual: String)
    case creator(expected: String, actual: String?)
    /// `mask` is the process's umask if the umask alone explains the difference.
    case mode(expected: Int, actual: Int, mask: Int?)
    case notExclusive
    case limit(RecordedObject.Creation.Limit, expected: Int?, actual: Int?)
    case notRemoved(expected: String)
    case remover(expected: String, actual: String)
    case extraRemoval
    case keptOnExec
    /// Message `index` in the recording, counted from 0, has no counterpart.
    case missingMessage(index: Int, RecordedMessage)
    case extraMessage(index: Int, RecordedMessage)
    /// The messages are the recorded messages in a different order; `index` is the first that differs.
    case order(index: Int)
    case message(index: Int, MessageDifference)
  }

  /// Whether the difference is a missing action that the role might have performed if it had run to completion.
  var isMissing: Bool {
    switch what {
    case .missingObject, .missingMessage, .notRemoved, .creator(_, nil): true
    case .message(_, .bytes(.missingEnd, _, _)): true
    default: false
    }
  }
}

extension RecordingDifference {
  /// Returns the differences, with those in sent bytes sorted by send time; all others keep their positions.
  ///
  /// A role that only sends back what it received also sends different bytes. Therefore, each difference names the role
  /// that was the first to send different bytes.
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

/// How a message differs from the recorded message.
enum MessageDifference: Sendable, Equatable {
  case bytes(ContentDifference, expected: Int, actual: Int)
  case priority(expected: Int, actual: Int)
  case type(expected: MessageType, actual: MessageType)
  case offset(expected: Int, actual: Int)
  case passed(expected: [String], actual: [String])
  case operation(expected: String, actual: String)
}

/// A message's bytes around the first difference from the recorded message, as lines of text.
struct DifferingBytes: Sendable, Equatable {
  let recorded: String
  let actual: String

  /// Compares two messages; `value` returns the value of a recording's variable in the cell.
  ///
  /// If the recording has only a pattern or a digest of the bytes, the pattern or the digest is shown.
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
