extension FIFO {
  /// A channel in both directions: a FIFO for what one side says, and another for what the other side does.
  @frozen
  public struct Duplex: ~Copyable, Sendable {
    public let reader: Pipe.Reader
    public let writer: Pipe.Writer

    /// Opens both, and waits for the other side to do the same.
    ///
    /// Two parties that both open what they read first, or both what they write, wait for each other for ever. This
    /// opens its reading end at once, which lets the other side open its writing end whatever its order is; only then
    /// does it wait.
    ///
    /// - Returns: Nil when the other side did not come before the deadline.
    public init?(
      reading incoming: FIFO, writing outgoing: FIFO, patience: Patience = .forever,
      interruption: Interruption = .retry
    ) throws(IPCError) {
      guard
        let present = try incoming.openForReading(patience: .none, interruption: interruption),
        let writer = try outgoing.openForWriting(patience: patience, interruption: interruption),
        let reader = try incoming.openForReading(patience: patience, interruption: interruption)
      else { return nil }
      // What the other side has written by now stays in the FIFO: there is another reader.
      try present.close()
      self.reader = reader
      self.writer = writer
    }
  }
}
