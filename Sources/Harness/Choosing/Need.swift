/// The reason why processes communicate.
public enum Purpose: String, Sendable, CaseIterable, Encodable {
  case transfer, share, lock, notify, wait

  /// The purpose as an answer to a question.
  public var title: String {
    switch self {
    case .transfer: "transfer messages or bytes"
    case .share: "share data that all of them read in place"
    case .lock: "take turns, or limit how many enter"
    case .notify: "notify another process, without data"
    case .wait: "wait for descriptors, timers and the end of processes at once"
    }
  }
}

/// A requirement for which each mechanism has a rating: `fits`, `works` or `lacks`.
///
/// Questions are asked in the order of the cases. `fixtures/mechanisms.yaml` contains the ratings.
public enum Need: String, Sendable, CaseIterable, Encodable {
  case network
  case sameMachine = "same-machine"
  case related, unrelated, boundaries
  case byteStream = "byte-stream"
  case lines
  case bothWays = "both-ways"
  case priority
  case selectByType = "select-by-type"
  case manyWriters = "many-writers"
  case manyReaders = "many-readers"
  case broadcast
  case survivesDeath = "survives-death"
  case persistent
  case passDescriptors = "pass-descriptors"
  case identifySender = "identify-sender"
  case untrusted
  case eventLoop = "event-loop"
  case reliable, large, fast, counting
  case severalAtOnce = "several-at-once"
  case sharedLock = "shared-lock"

  /// The text of the need as an answer to a question, and as the help text of an option.
  public var title: String {
    switch self {
    case .network: "the processes run on different machines"
    case .sameMachine: "the processes run on the same machine"
    case .related: "one process starts the other"
    case .unrelated: "the processes are started independently"
    case .boundaries: "whole messages"
    case .byteStream: "a stream of bytes"
    case .lines: "lines of text"
    case .bothWays: "both processes send"
    case .priority: "urgent messages overtake others"
    case .selectByType: "a receiver selects messages by type"
    case .manyWriters: "several processes send or write"
    case .manyReaders: "several processes receive, each message once"
    case .broadcast: "every receiver gets every message"
    case .survivesDeath: "any process may be killed, and the others continue"
    case .persistent: "data outlives the processes"
    case .passDescriptors: "open files or sockets are passed"
    case .identifySender: "the receiver learns which process and user sends"
    case .untrusted: "the processes do not trust each other"
    case .eventLoop: "an event loop waits for it with other descriptors"
    case .reliable: "no message may be lost"
    case .large: "large messages"
    case .fast: "many messages per second"
    case .counting: "more than one process may enter at a time"
    case .severalAtOnce: "several locks are taken at once"
    case .sharedLock: "many readers, or one writer"
    }
  }

  /// The needs that an option or an answer states directly.
  ///
  /// The other needs follow from the message size, the rate, and whether loss is allowed.
  public static let stated = allCases.filter { ![.reliable, .large, .fast].contains($0) }

  /// The pairs of mutually exclusive needs.
  static let contradictions: [(Need, Need)] = [(.network, .sameMachine), (.related, .unrelated)]
}
