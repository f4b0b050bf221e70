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
