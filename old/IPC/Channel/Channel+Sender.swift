extension Channel {
  /// The end of a channel that sends.
  public struct Sender<Sink: ByteSink & ~Copyable>: ~Copyable {
    private var sink: Sink
    private var frame: OutgoingFrame

    /// Makes a stream carry messages.
    ///
    /// - Parameter limit: How many bytes the longest message may have.
    public init(_ sink: consuming Sink, limit: UInt32 = defaultLimit) {
      self.sink = sink
      frame = OutgoingFrame(limit: limit)
    }

    /// Whether a message has been sent in part, so that sending the same one goes on.
    public var isWithinMessage: Bool { frame.isUnderWay }

    /// Sends a message, and waits for room. Nothing is allocated.
    ///
    /// On a pipe, messages of up to ``Pipe/atomicWriteLimit`` − 4 bytes stay whole even when several processes send into
    /// it.
    ///
    /// - Parameter patience: For the whole message, however often the stream has to be asked.
    /// - Throws: ``IPCError`` with `.messageTooLong` above the limit, before anything is sent; `.alreadyInProcess` within
    ///   a message of another length; `Errno.interrupted` where that was asked for; or what the stream throws.
    public mutating func send(
      _ message: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try frame.send(message, to: &sink, patience, interruption)
    }

    /// Sends the bytes of an array or a string, like ``send(_:patience:interruption:)-(RawSpan,_,_)``.
    public mutating func send(
      _ message: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> SendResult {
      try send(unsafe message.bytes, patience: patience, interruption: interruption)
    }

    /// Gives the stream back.
    public consuming func release() -> Sink { sink }
  }
}

extension Channel.Sender: Sendable where Sink: Sendable & ~Copyable {}
