/// A source of bytes that keeps their order: a pipe, a FIFO, a stream socket, a ring in shared memory.
public protocol ReadableStream: ~Copyable {
  /// Reads at least one byte, at most as many as `bytes` has room for, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes that were read; 0 at end of file, or if `bytes` has no room.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. No bytes are lost then.
  mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int
}

/// A destination of bytes that keeps their order.
public protocol WritableStream: ~Copyable {
  /// Writes at least one of `bytes`, starting with the first.
  ///
  /// - Returns: The number of bytes that were written; 0 only if there are none.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.brokenPipe` if all readers
  ///   are gone; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran. Nothing was written then.
  mutating func write(
    _ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int
}

/// A stream in both directions that is made of two, such as the ends of two pipes.
public struct StreamPair<Source: ReadableStream & ~Copyable, Sink: WritableStream & ~Copyable>: ~Copyable {
  private var source: Source
  private var sink: Sink

  /// Combines a stream to read from and a stream to write to.
  public init(reading source: consuming Source, writing sink: consuming Sink) {
    self.source = source
    self.sink = sink
  }
}

extension StreamPair: Sendable where Source: Sendable & ~Copyable, Sink: Sendable & ~Copyable {}

extension StreamPair: ReadableStream where Source: ~Copyable, Sink: ~Copyable {
  public mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

extension StreamPair: WritableStream where Source: ~Copyable, Sink: ~Copyable {
  public mutating func write(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try sink.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}
