internal import SystemPackage

/// A message on its way in, and how much of it has come.
struct IncomingFrame: Sendable {
  /// Room that is made at once; beyond it, at most as much again as has come.
  private static let firstRoom = 4096

  private let limit: UInt32
  /// As it comes: little-endian.
  private var header: UInt32 = 0
  private var headerCount = 0
  private var body: [UInt8] = []
  /// Why nothing more can be received.
  private var violation: IPCError?

  init(limit: UInt32) { self.limit = limit }

  var isUnderWay: Bool { headerCount > 0 }

  /// Receives what is missing of a message. One that is complete stays until it is taken: ``exchange(for:)``, ``lend(to:)``.
  mutating func receive<Source: ByteSource & ~Copyable>(
    from source: inout Source, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Channel.ReceiveResult {
    if let violation { throw violation }
    do {
      return try receiveRest(from: &source, patience, interruption)
    } catch let error where error.errno == .ownerDied {
      // Whoever succeeds the dead begins with a message of its own.
      violation = error
      throw error
    }
  }

  private mutating func receiveRest<Source: ByteSource & ~Copyable>(
    from source: inout Source, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Channel.ReceiveResult {
    while true {
      let announced = UInt32(littleEndian: header)
      let result: ReadResult
      if headerCount < OutgoingFrame.headerSize {
        result = try readHeader(from: &source, patience, interruption)
      } else if announced > limit {
        throw broken(.messageTooLong)
      } else if body.count < Int(announced) {
        result = try readBody(Int(announced) - body.count, from: &source, patience, interruption)
      } else {
        return .received
      }
      switch result {
      case .read: continue
      case .endOfFile where isUnderWay: throw broken(.protocolError)
      case .endOfFile: return .endOfStream
      case .wouldBlock: return .wouldBlock
      case .timedOut: return .timedOut
      }
    }
  }

  /// Gives the message away for an array whose room is used for the next one.
  mutating func exchange(for message: inout [UInt8]) {
    swap(&message, &body)
    begin()
  }

  mutating func lend(to use: (RawSpan) -> Void) {
    use(unsafe body.span.bytes)
    begin()
  }

  private mutating func begin() {
    headerCount = 0
    body.removeAll(keepingCapacity: true)
  }

  private mutating func broken(_ reason: Errno) -> IPCError {
    let error = IPCError(call: "Channel.receive", errno: reason, transferred: headerCount + body.count)
    violation = error
    // What has come of a message that will never be whole is of no use.
    body = []
    return error
  }

  private mutating func readHeader<Source: ByteSource & ~Copyable>(
    from source: inout Source, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    try unsafe withUnsafeMutableBytes(of: &header) { (buffer) throws(IPCError) in
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: headerCount)
      let result = try source.read(into: &room, patience: patience, interruption: interruption)
      headerCount = room.byteCount
      return result
    }
  }

  private mutating func readBody<Source: ByteSource & ~Copyable>(
    _ missing: Int, from source: inout Source, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    let room = min(missing, max(body.capacity - body.count, body.count, Self.firstRoom))
    return try unsafe body.append(room: room) { (buffer, count) throws(IPCError) in
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: count)
      let result = try source.read(into: &room, patience: patience, interruption: interruption)
      count = room.byteCount
      return result
    }
  }
}
