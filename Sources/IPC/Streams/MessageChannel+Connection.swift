internal import SystemPackage

extension MessageChannel {
  /// A channel in both directions, over a stream that has both or over two streams.
  ///
  /// ```swift
  /// var connection = MessageChannel.Connection(stream)
  /// var reply: [UInt8] = []
  /// try connection.request("What time is it?".utf8.span, reply: &reply, timeout: .after(.seconds(1)))
  ///
  /// // In the other process:
  /// try connection.serve { request, reply in reply.append(contentsOf: "Late.".utf8) }
  /// ```
  public struct Connection<Stream: ReadableStream & WritableStream & ~Copyable>: ~Copyable {
    @usableFromInline var stream: Stream
    @usableFromInline var outgoing: OutgoingFrame
    @usableFromInline var incoming: IncomingFrame
    /// The length of the request whose reply has not been received.
    private var requested: Int?

    /// Creates a channel over a stream in both directions.
    ///
    /// - Parameter maximumLength: The maximum length of a message in bytes, in either direction.
    public init(_ stream: consuming Stream, maximumLength: UInt32 = defaultMaximumLength) {
      self.stream = stream
      outgoing = OutgoingFrame(maximumLength: maximumLength)
      incoming = IncomingFrame(maximumLength: maximumLength)
    }

    /// Sends a message, like ``MessageChannel/Sender/send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
    @inlinable
    public mutating func send(
      _ message: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      try outgoing.send(message, to: &stream, timeout, retryOnInterrupt)
    }

    /// Sends the bytes of an array or a string, like ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
    @inlinable
    public mutating func send(
      _ message: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      try outgoing.send(unsafe message.bytes, to: &stream, timeout, retryOnInterrupt)
    }

    /// Receives a message, like ``MessageChannel/Receiver/receive(into:timeout:retryOnInterrupt:)``.
    @inlinable
    public mutating func receive(
      into message: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Int? {
      guard let length = try incoming.receive(from: &stream, timeout, retryOnInterrupt) else { return nil }
      incoming.move(length, to: &message)
      return length
    }

    /// Returns the stream.
    public consuming func release() -> Stream { stream }
  }
}

extension MessageChannel.Connection where Stream: ~Copyable {
  /// Creates a channel over two streams, one in each direction.
  public init<Source: ReadableStream & ~Copyable, Sink: WritableStream & ~Copyable>(
    reading source: consuming Source, writing sink: consuming Sink,
    maximumLength: UInt32 = MessageChannel.defaultMaximumLength
  ) where Stream == StreamPair<Source, Sink> {
    self.init(StreamPair(reading: source, writing: sink), maximumLength: maximumLength)
  }

  /// Sends a request, and receives its reply: the next message.
  ///
  /// If a timeout or a signal ends the wait, the reply is still due. Making the same request again does not send it again,
  /// but continues to wait. So a late reply is never taken for the reply to another request.
  ///
  /// - Parameters:
  ///   - reply: Is replaced by the reply, as by ``receive(into:timeout:retryOnInterrupt:)``.
  ///   - timeout: For request and reply together.
  /// - Returns: The length of the reply.
  /// - Throws: ``IPCError`` with `.brokenPipe` if the other side ended without a reply; `.alreadyInProcess` if the reply to
  ///   a request of another length is due; else as sending and receiving do.
  @discardableResult
  public mutating func request(
    _ message: RawSpan, reply: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if let requested, requested != message.byteCount { throw IPCError(.messageChannelRequest, .alreadyInProcess) }
    if requested == nil {
      try send(message, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      requested = message.byteCount
    }
    let length = try receive(into: &reply, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    requested = nil
    guard let length else { throw IPCError(.messageChannelRequest, .brokenPipe) }
    return length
  }

  /// Requests with the bytes of an array or a string, like ``request(_:reply:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @discardableResult
  public mutating func request(
    _ message: Span<UInt8>, reply: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try request(unsafe message.bytes, reply: &reply, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Replies to requests until the other side ends.
  ///
  /// - Parameter answer: Is called with each request, and appends the reply to an empty array.
  /// - Throws: ``IPCError`` as sending and receiving do; a broken pipe is the end of the other side.
  public mutating func serve(_ answer: (_ request: [UInt8], _ reply: inout [UInt8]) -> Void) throws(IPCError) {
    var request: [UInt8] = []
    var reply: [UInt8] = []
    while try receive(into: &request) != nil {
      reply.removeAll(keepingCapacity: true)
      answer(request, &reply)
      do throws(IPCError) {
        try send(reply.span)
      } catch  where error.errno == .brokenPipe {
        return
      }
    }
  }
}

extension MessageChannel.Connection: Sendable where Stream: Sendable & ~Copyable {}
