import PeerProtocol

/// The sentences that explain differences. No other file contains such text.
extension RecordingDifference {
  /// Returns one sentence: `client (swift): message 2 to the queue {mq} has 17 bytes, the recording has 18: …`.
  ///
  /// `languages` contains each role's language. Bytes from programs are escaped.
  func explanation(languages: [String: String]) -> String {
    func described(_ role: String) -> String { languages[role].map { "\(role) (\($0))" } ?? role }
    let actor = role.map { "\(described($0)): " } ?? ""
    let earlier = earlierRole.map { "; \(described($0)) sent different bytes first, which may be the cause" } ?? ""
    return (actor + sentence + earlier).escapedForDisplay
  }

  private var object: String { "\(kind.noun) \(name)" }

  private var sentence: String {
    switch what {
    case .missingObject: "does not use \(object), which the recording has"
    case .extraObject: "uses \(object), which the recording does not have"
    case .name(let actual): "uses \(kind.noun) \(actual), the recording has \(name)"
    case .creator(let expected, nil): "does not create \(object); in the recording, \(expected) does"
    case .creator(let expected, let actual?): "\(actual) creates \(object); in the recording, \(expected) does"
    case .mode(let expected, let actual, let mask?):
      "\(object) has mode \(octal(actual)), the recording has \(octal(expected)): changed by umask \(octal(mask))"
    case .mode(let expected, let actual, nil):
      "\(object) has mode \(octal(actual)), the recording has \(octal(expected))"
    case .notExclusive: "creates \(object) without O_EXCL, the recording has it"
    case .limit(let limit, let expected, let actual):
      "\(object) has \(limit.rawValue) \(actual.map(String.init) ?? "unset"), "
        + "the recording has \(expected.map(String.init) ?? "unset")"
    case .notRemoved(let expected): "\(object) is not removed; in the recording, \(expected) removes it"
    case .remover(let expected, let actual): "\(actual) removes \(object); in the recording, \(expected) does"
    case .extraRemoval: "removes \(object), which the recording keeps"
    case .keptOnExec: "opens \(object) without O_CLOEXEC, the recording has it: programs that it executes inherit it"
    case .missingMessage(let index, let message):
      "\(part(index)) is missing: \(message.summary)"
    case .extraMessage(let index, let message):
      "\(part(index)) is extra, the recording does not have it: \(message.summary)"
    case .order(let index):
      "the \(kind.unit)s \(preposition) \(object) are in a different order, from number \(index + 1) on"
    case .message(let index, let difference): sentence(of: difference, index)
    }
  }

  private func octal(_ mode: Int) -> String { String(mode, radix: 8) }

  /// The message and its object: `message 2 to the queue {mq}`.
  private func part(_ index: Int) -> String {
    "\(kind.unit) \(index + 1) \(preposition) \(object)"
  }

  private var preposition: String { isReception ? "from" : kind.preposition }

  private func sentence(of difference: MessageDifference, _ index: Int) -> String {
    let part = part(index)
    switch difference {
    case .bytes(let bytes, let expected, let actual):
      let lengths =
        expected == actual ? "\(part) differs" : "\(part) has \(counted(actual)), the recording has \(expected)"
      return "\(lengths): \(bytes.explanation)"
    case .priority(let expected, let actual):
      return "\(part) has priority \(actual), the recording has \(expected)"
    case .type(let expected, let actual):
      return "\(part) has type \(actual.text), the recording has \(expected.text)"
    case .offset(let expected, let actual): return "\(part) is at offset \(actual), the recording has \(expected)"
    case .passed(let expected, let actual):
      return "\(part) passes \(list(actual)), the recording has \(list(expected))"
    case .operation(let expected, let actual): return "\(part) is \(actual), the recording has \(expected)"
    }
  }

  private func counted(_ bytes: Int) -> String { bytes == 1 ? "1 byte" : "\(bytes) bytes" }

  private func list(_ descriptors: [String]) -> String {
    descriptors.isEmpty ? "no descriptor" : descriptors.joined(separator: " and ")
  }
}

extension ContentDifference {
  /// The clause that explains a difference between bytes.
  var explanation: String {
    switch self {
    case .missingNULs(1, true, _): "the terminating NUL is missing"
    case .missingNULs(let count, _, let lengths):
      (count == 1 ? "a NUL is missing" : "\(count) NULs are missing") + Self.suffix(lengths, "smaller")
    case .extraNULs(1, true, _): "a terminating NUL is extra"
    case .extraNULs(let count, _, let lengths):
      (count == 1 ? "a NUL is extra" : "\(count) NULs are extra") + Self.suffix(lengths, "larger")
    case .width(let widths): widths.explanation
    case .byteOrder(let width, let offset): "the \(width * 8)-bit integer at offset \(offset) has the other byte order"
    case .padding(let range, let expected, let actual):
      "\(Self.place(range)) \(Self.verb(range)) \(Self.shown(actual)), the recording has \(Self.shown(expected)): "
        + "this looks like the padding of a C structure; if it has no meaning, add "
        + "'any: [\(range.lowerBound)..\(range.count)]' to the recording"
    case .content(let range, let expected, let actual):
      "\(Self.place(range)) \(Self.verb(range)) \(Self.shown(actual)), the recording has \(Self.shown(expected))"
    case .missingEnd(let count): "the last \(count == 1 ? "byte is" : "\(count) bytes are") missing"
    case .extraEnd(let bytes):
      "\(Self.shown(Array(bytes.prefix(16))))\(bytes.count > 16 ? "…" : "") is extra at the end"
    case .length(let first): "they differ from offset \(first) on"
    case .mismatch: "the bytes are not those of the recording"
    }
  }

  private static func suffix(_ lengths: Int, _ direction: String) -> String {
    switch lengths {
    case 0: ""
    case 1: ", and the length before it is \(direction) by 1"
    default: ", and \(lengths) lengths are \(direction) by 1"
    }
  }

  private static func place(_ range: Range<Int>) -> String {
    range.count == 1 ? "byte \(range.lowerBound)" : "bytes \(range.lowerBound) to \(range.upperBound - 1)"
  }

  private static func verb(_ range: Range<Int>) -> String { range.count == 1 ? "is" : "are" }

  private static func shown(_ bytes: [UInt8]) -> String {
    let recorded = RecordedBytes(bytes)
    return recorded.isText ? "'\(recorded.text)'" : recorded.hexadecimal
  }
}

extension RecordedMessage {
  /// A short description of a message's content.
  fileprivate var summary: String {
    if let operation { return operation }
    if let digest = content.digest { return "\(digest.count) bytes" }
    let text = content.isText ? "'\(content.text)'" : content.hexadecimal
    return text.count <= 60 ? text : "\(text.prefix(57))…"
  }
}

extension RecordedObject.Kind {
  /// The noun for an object, with the article.
  var noun: String {
    switch self {
    case .fifo: "the FIFO"
    case .pipe: "the pipe"
    case .file: "the file"
    case .messageQueue: "the queue"
    case .sharedMemory: "the shared memory"
    case .semaphore: "the semaphore"
    case .messages: "the System V queue"
    case .segment: "the segment"
    case .semaphores: "the semaphore set"
    case .memory: "the memfd"
    case .anonymous: "the shared mapping"
    case .unixStream, .unixDatagram, .unixSequenced: "the socket"
    case .socketPair: "the socket pair"
    case .tcp: "the TCP"
    case .udp: "the UDP"
    case .signals: "the process"
    }
  }

  fileprivate var unit: String {
    switch self {
    case .fifo, .pipe, .file, .unixStream, .tcp: "stream"
    case .messageQueue, .messages, .unixDatagram, .unixSequenced, .udp, .socketPair: "message"
    case .sharedMemory, .segment, .memory, .anonymous: "store"
    case .semaphore, .semaphores: "operation"
    case .signals: "signal"
    }
  }

  fileprivate var preposition: String {
    switch self {
    case .sharedMemory, .segment, .memory, .anonymous: "into"
    case .semaphore, .semaphores: "on"
    default: "to"
    }
  }
}
