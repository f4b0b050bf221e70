extension Channel {
  /// The end of a channel that receives.
  ///
  /// It takes from the stream what belongs to the message that it is asked for, and nothing beyond: when `poll(2)` says that
  /// nothing can be read, no message is waiting here either.
  public struct Receiver<Source: ByteSource & ~Copyable>: ~Copyable {
    private var source: Source
    private var frame: IncomingFrame

    /// Takes messages from a stream.
    ///
    /// - Parameter limit: How many bytes the longest message may have. More are never taken, nor room made for them.
    public init(_ source: consuming Source, limit: UInt32 = defaultLimit) {
      self.source = source
      frame = IncomingFrame(limit: limit)
    }

    /// Whether a message has come in part, and the next call goes on with it.
    public var isWithinMessage: Bool { frame.isUnderWay }

    /// Receives the next message, and waits for it.
    ///
    /// - Parameters:
    ///   - message: Becomes the message. Unless one is received, it stays what it is. An array that is used again and again
    ///     is not reallocated: a message costs no allocation.
    ///   - patience: For the whole message, however slowly it comes.
    /// - Throws: ``IPCError`` with `.messageTooLong` when one is announced that is above the limit, or `.protocolError` when
    ///   the stream ends within one; both for ever after. With `Errno.interrupted` where that was asked for, or what the
    ///   stream throws.
    public mutating func receive(
      _ message: inout [UInt8], patience: Patience = .forever, interruption: Interruption = .retry
    ) throws(IPCError) -> ReceiveResult {
      let result = try frame.receive(from: &source, patience, interruption)
      if result == .received { frame.exchange(for: &message) }
      return result
    }

    /// Receives the next message, and lends it to `use`. Nothing is copied.
    ///
    /// Like ``receive(_:patience:interruption:)``.
    public mutating func receive(
      patience: Patience = .forever, interruption: Interruption = .retry, _ use: (RawSpan) -> Void
    ) throws(IPCError) -> ReceiveResult {
      let result = try frame.receive(from: &source, patience, interruption)
      if result == .received { frame.lend(to: use) }
      return result
    }

    /// Gives the stream back.
    public consuming func release() -> Source { source }
  }
}

extension Channel.Receiver: Sendable where Source: Sendable & ~Copyable {}
