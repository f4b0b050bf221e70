internal import SystemPackage

/// A message on its way out, and how far it has got.
struct OutgoingFrame: Sendable {
  /// Of the length in front of a message.
  static let headerSize = 4
  /// The length and the beginning of the message go out together: by one call when that is all, and whole on a pipe.
  private static let stageSize = Pipe.atomicWriteLimit

  private let limit: UInt32
  private var stage: [UInt8] = []
  private var length = 0
  /// How many bytes the stream has taken, of length and message together.
  private var sent = 0
  private var isBroken = false
  /// The death of who received, after which nothing more can be sent.
  private var death: IPCError?

  init(limit: UInt32) {
    self.limit = limit
    stage.reserveCapacity(Self.stageSize)
  }

  var isUnderWay: Bool { sent > 0 }

  mutating func send<Sink: ByteSink & ~Copyable>(
    _ message: RawSpan, to sink: inout Sink, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Channel.SendResult {
    if let death { throw death }
    if isBroken { return .nobodyReads }
    if isUnderWay {
      guard message.byteCount == length else { throw IPCError(call: "Channel.send", errno: .alreadyInProcess) }
    } else {
      try begin(message)
    }
    while sent < Self.headerSize + length {
      switch try writeRest(of: message, to: &sink, patience, interruption) {
      case .wrote(let count): sent += count
      case .nobodyReads:
        isBroken = true
        return .nobodyReads
      case .wouldBlock: return .wouldBlock
      case .timedOut: return .timedOut
      }
    }
    sent = 0
    return .sent
  }

  private mutating func writeRest<Sink: ByteSink & ~Copyable>(
    of message: RawSpan, to sink: inout Sink, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    do {
      if sent < stage.count {
        return try sink.write(
          unsafe stage.span.bytes.extracting(droppingFirst: sent), patience: patience, interruption: interruption)
      }
      return try sink.write(
        message.extracting(droppingFirst: sent - Self.headerSize), patience: patience, interruption: interruption)
    } catch let error where error.errno == .ownerDied {
      // Whoever succeeds the dead does not know within which message it died.
      death = error
      throw error
    }
  }

  private mutating func begin(_ message: RawSpan) throws(IPCError) {
    guard message.byteCount <= Int(limit) else { throw IPCError(call: "Channel.send", errno: .messageTooLong) }
    length = message.byteCount
    stage.removeAll(keepingCapacity: true)
    for shift in stride(from: 0, to: 32, by: 8) { stage.append(UInt8(truncatingIfNeeded: length >> shift)) }
    unsafe message.extracting(first: Self.stageSize - Self.headerSize).withUnsafeBytes {
      unsafe stage.append(contentsOf: $0)
    }
  }
}
