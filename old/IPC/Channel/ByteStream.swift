/// What bytes come out of in the order in which they were put in: a pipe, a FIFO, a stream between sockets, or anything
/// else that can be asked for some of them.
public protocol ByteSource: ~Copyable {
  /// Appends at least one byte to `bytes`, and at most as many as it has room for, which is one or more.
  ///
  /// - Returns: ``ReadResult/read(_:)`` with at least one byte, or why there is none.
  /// - Throws: ``IPCError``, before any byte was taken; with `Errno.interrupted` only where that was asked for.
  mutating func read(
    into bytes: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult
}

/// What takes bytes, and carries them in that order.
public protocol ByteSink: ~Copyable {
  /// Takes some of `bytes`, from the first one on. There is one or more.
  ///
  /// - Returns: ``WriteResult/wrote(_:)`` with at least one byte, or why none was taken.
  /// - Throws: ``IPCError``, before any byte was taken; with `Errno.interrupted` only where that was asked for.
  mutating func write(
    _ bytes: RawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> WriteResult
}

/// A source and a sink of their own that make a stream in both directions, such as the ends of two pipes or FIFOs.
public struct ByteStreamPair<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>: ~Copyable {
  private var source: Source
  private var sink: Sink

  public init(reading source: consuming Source, writing sink: consuming Sink) {
    self.source = source
    self.sink = sink
  }
}

extension ByteStreamPair: Sendable where Source: Sendable & ~Copyable, Sink: Sendable & ~Copyable {}

extension ByteStreamPair: ByteSource where Source: ~Copyable, Sink: ~Copyable {
  public mutating func read(
    into bytes: inout OutputRawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    try source.read(into: &bytes, patience: patience, interruption: interruption)
  }
}

extension ByteStreamPair: ByteSink where Source: ~Copyable, Sink: ~Copyable {
  public mutating func write(
    _ bytes: RawSpan, patience: Patience, interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    try sink.write(bytes, patience: patience, interruption: interruption)
  }
}
