package import SystemPackage

/// Messages over a byte stream.
///
/// Each message is received exactly as it was sent, even if the stream splits its bytes.
///
/// ```swift
/// let pipe = try AnonymousPipe()
/// var sender = MessageChannel.Sender(pipe.writer)
/// var receiver = MessageChannel.Receiver(pipe.reader)
///
/// try sender.send("Hello".utf8.span)
/// var message: [UInt8] = []  // reused for each message
/// while try receiver.receive(into: &message) != nil { print(message) }
/// ```
///
/// A message is a four-byte little-endian length followed by that many bytes: see <doc:MessageChannels>. A channel
/// works over any ``ReadableStream`` and ``WritableStream``: pipes, FIFOs, stream sockets and shared-memory rings. A
/// ``Connection`` is bidirectional, for requests and replies.
///
/// The peer is not trusted. If a length exceeds the limit, the call throws an error before it allocates memory for the
/// message or reads its bytes. Memory is allocated only for bytes that have arrived.
///
/// | event | reported as | state of the channel afterwards |
/// |---|---|---|
/// | a message, possibly empty | its length | usable |
/// | the stream ends between messages | nil | usable: a FIFO can have a new writer |
/// | a timeout or signal, possibly within a message | `.timedOut`, `.wouldBlock`, `.interrupted` | usable: the next call continues |
/// | a length above the limit | `.messageTooLong` | broken: each later call throws the same error |
/// | the stream ends within a message | `.protocolError` | broken: each later call throws the same error |
/// | the process at the other end of a ring dies | `.ownerDied` | broken: each later call throws the same error |
/// | a message above the limit is sent | `.messageTooLong` | usable: nothing was sent |
/// | a timeout or signal while a message is being sent | as above | usable: sending the same message resumes it |
/// | a different message is sent before the unfinished one | `.alreadyInProcess` | usable, for the unfinished message |
/// | all readers are gone | `.brokenPipe` | broken: each later call throws the same error |
public enum MessageChannel {
  /// The default maximum length of a message: 1 MiB.
  public static let defaultMaximumLength: UInt32 = 1 << 20
}

extension MessageChannel {
  /// A bidirectional channel over one bidirectional stream, or over two unidirectional streams.
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
    /// Whether the reply to the last request has not arrived yet.
    package private(set) var isReplyExpected = false
    /// Identifies the last request, if the call that sent it ended without a reply.
    private var requested: MessageFingerprint?

    /// Creates a channel over a bidirectional stream.
    ///
    /// - Parameters:
    ///   - stream: The stream; the channel takes ownership.
    ///   - maximumLength: The maximum length of a message in bytes, in either direction.
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
  public init<In: ReadableStream & ~Copyable, Out: WritableStream & ~Copyable>(
    reading source: consuming In, writing sink: consuming Out,
    maximumLength: UInt32 = MessageChannel.defaultMaximumLength
  ) where Stream == StreamPair<In, Out> {
    self.init(StreamPair(reading: source, writing: sink), maximumLength: maximumLength)
  }

  /// Sends a request, and receives its reply: the next message.
  ///
  /// If a timeout or a signal ends the wait, the reply is still expected: calling this again with the same request
  /// continues to wait, and does not send the request again. Thus, a late reply is never mistaken for the reply to
  /// another request.
  ///
  /// - Parameters:
  ///   - message: The bytes of the request; may be empty.
  ///   - reply: The array to overwrite with the reply, as in ``receive(into:timeout:retryOnInterrupt:)``.
  ///   - timeout: How long to wait for the request and its reply together.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The length of the reply.
  /// - Throws: ``IPCError`` with `.brokenPipe` if the other side closed the stream without a reply; `.alreadyInProcess`
  ///   if a different request is partly sent, or its reply is still expected; any error from sending or receiving.
  @discardableResult
  public mutating func request(
    _ message: RawSpan, reply: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    do throws(IPCError) {
      return try attemptRequest(message, reply: &reply, timeout, retryOnInterrupt)
    } catch {
      recordUnfinished(message)
      throw error
    }
  }

  /// Sends a request unless it has been sent, and receives its reply.
  ///
  /// The next attempt must have the same request, until ``recordUnfinished(_:)`` is called.
  package mutating func attemptRequest(
    _ message: RawSpan, reply: inout [UInt8], _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    if isReplyExpected {
      guard requested?.matches(message) ?? true else { throw IPCError(.messageChannelRequest, .alreadyInProcess) }
      requested = nil
    } else {
      try outgoing.send(message, to: &stream, timeout, retryOnInterrupt, recording: false)
      isReplyExpected = true
    }
    let length = try receive(into: &reply, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    isReplyExpected = false
    guard let length else { throw IPCError(.messageChannelRequest, .brokenPipe) }
    return length
  }

  /// Sends as much of a message as possible without waiting.
  ///
  /// The next attempt must have the same message, until ``recordUnfinished(_:)`` is called.
  package mutating func attemptSend(_ message: RawSpan) throws(IPCError) {
    try outgoing.send(message, to: &stream, .immediate, true, recording: false)
  }

  /// Records which message or request is unfinished after the last attempt, so that a later call can resume only this
  /// one.
  package mutating func recordUnfinished(_ message: RawSpan) {
    outgoing.record(message)
    if isReplyExpected, requested == nil { requested = MessageFingerprint(message) }
  }

  /// Sends the bytes of an array or a string as a request, like
  /// ``request(_:reply:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  @discardableResult
  public mutating func request(
    _ message: Span<UInt8>, reply: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try request(unsafe message.bytes, reply: &reply, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Replies to requests until the other side closes the stream.
  ///
  /// - Parameter answer: A function that is called with each request, and appends the reply to an empty array. It
  ///   cannot throw: report errors in the reply, or call `receive` and `send` in a loop.
  /// - Throws: Any error from sending or receiving. A broken pipe ends the call without an error.
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

extension MessageChannel.Connection where Stream: DescriptorRepresentable & ~Copyable {
  package var descriptor: FileDescriptor { stream.descriptor }
}

extension MessageChannel.Connection: Sendable where Stream: Sendable & ~Copyable {}
