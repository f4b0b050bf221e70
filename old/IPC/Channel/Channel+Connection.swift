internal import SystemPackage

extension Channel {
  /// A channel in both directions, over a stream that has both or over two.
  ///
  /// ```swift
  /// var connection = Channel.Connection(stream)
  /// var reply: [UInt8] = []
  /// if try connection.request("What time is it?".utf8.span, reply: &reply) == .replied { print(reply) }
  ///
  /// // In the other process:
  /// try connection.serve { request, reply in reply.append(contentsOf: "Late.".utf8) }
  /// ```
  public struct Connection<Stream: ByteSource & ByteSink & ~Copyable>: ~Copyable {
    private var stream: Stream
    private var outgoing: OutgoingFrame
    private var incoming: IncomingFrame
    /// The length of the request whose reply has not come yet.
    private var asked: Int?

    /// Makes a stream carry messages in both directions.
    ///
    /// - Parameter limit: How many bytes the longest message may have, in either direction.
    public init(_ stream: consuming Stream, limit: UInt32 = defaultLimit) {
      self.stream = stream
      outgoing = OutgoingFrame(limit: limit)
      incoming = IncomingFrame(limit: limit)
    }

    /// Like ``Channel/Sender/send(_:patience:interruption:)-(RawSpan,_,_)``.
    public mutating func send(
      _ message: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try outgoing.send(message, to: &stream, patience, interruption)
    }

    /// Like ``Channel/Sender/send(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
    public mutating func send(
      _ message: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try send(unsafe message.bytes, patience: patience, interruption: interruption)
    }

    /// Like ``Channel/Receiver/receive(_:patience:interruption:)``.
    public mutating func receive(
      _ message: inout [UInt8], patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> ReceiveResult {
      let result = try incoming.receive(from: &stream, patience, interruption)
      if result == .received { incoming.exchange(for: &message) }
      return result
    }

    /// Gives the stream back.
    public consuming func release() -> Stream { stream }
  }

  /// What came of a request.
  public enum RequestResult: Hashable, Sendable {
    /// The reply has come.
    case replied
    /// The other side has ended without one.
    case nobodyReplies
    /// The reply has not come, and there was no patience to wait. The same request, made again, goes on waiting for it.
    case wouldBlock
    /// The reply has not come by the deadline. The same request, made again, goes on waiting for it.
    case timedOut
  }
}

extension Channel.Connection where Stream: ~Copyable {
  /// Sends a request and waits for the reply to it, which is the next message that comes.
  ///
  /// When patience or a signal ends the wait, the reply is still due. Making the same request again sends nothing that was
  /// sent already, and waits on: so a late reply is never taken for that to another request.
  ///
  /// - Parameters:
  ///   - reply: Becomes the reply, as with ``receive(_:patience:interruption:)``.
  ///   - patience: For the request and the reply together.
  /// - Throws: ``IPCError`` with `.alreadyInProcess` for a request of another length than the one whose reply is due; or
  ///   as sending and receiving do.
  public mutating func request(
    _ message: RawSpan, reply: inout [UInt8], patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Channel.RequestResult {
    guard asked ?? message.byteCount == message.byteCount else {
      throw IPCError(call: "Channel.request", errno: .alreadyInProcess)
    }
    if asked == nil {
      switch try send(message, patience: patience, interruption: interruption) {
      case .sent: asked = message.byteCount
      case .nobodyReads: return .nobodyReplies
      case .wouldBlock: return .wouldBlock
      case .timedOut: return .timedOut
      }
    }
    switch try receive(&reply, patience: patience, interruption: interruption) {
    case .received:
      asked = nil
      return .replied
    case .endOfStream:
      asked = nil
      return .nobodyReplies
    case .wouldBlock: return .wouldBlock
    case .timedOut: return .timedOut
    }
  }

  /// The same, for the bytes of an array or a string.
  public mutating func request(
    _ message: Span<UInt8>, reply: inout [UInt8], patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> Channel.RequestResult {
    try request(unsafe message.bytes, reply: &reply, patience: patience, interruption: interruption)
  }

  /// Replies to requests until the other side ends.
  ///
  /// - Parameter answer: Is given each request, and appends what is to be replied to an array that is empty.
  /// - Throws: As sending and receiving do.
  public mutating func serve(_ answer: (_ request: [UInt8], _ reply: inout [UInt8]) -> Void) throws(IPCError) {
    var request: [UInt8] = []
    var reply: [UInt8] = []
    while try receive(&request) == .received {
      reply.removeAll(keepingCapacity: true)
      answer(request, &reply)
      if try send(reply.span) == .nobodyReads { return }
    }
  }
}

extension Channel.Connection where Stream: ~Copyable {
  /// Makes two streams carry messages, one in each direction.
  public init<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>(
    reading source: consuming Source, writing sink: consuming Sink, limit: UInt32 = Channel.defaultLimit
  ) where Stream == ByteStreamPair<Source, Sink> {
    self.init(ByteStreamPair(reading: source, writing: sink), limit: limit)
  }
}

extension Channel.Connection: Sendable where Stream: Sendable & ~Copyable {}
