/// A source of bytes that preserves their order: a pipe, a FIFO, a stream socket or a ring in shared memory.
public protocol ReadableStream: ~Copyable {
  /// Reads at least one byte and at most as many as fit into `bytes`, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read; 0 at end of file, or if `bytes` is full.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. On error, no bytes are lost.
  mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int
}

/// A destination for bytes that preserves their order.
public protocol WritableStream: ~Copyable {
  /// Writes at least one of `bytes`, starting with the first.
  ///
  /// - Returns: The number of bytes written; 0 only if `bytes` is empty.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.brokenPipe` if all readers
  ///   are gone; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran. On error, nothing is written.
  mutating func write(
    _ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int
}

/// A bidirectional stream made of two streams, such as the ends of two pipes.
public struct StreamPair<Source: ReadableStream & ~Copyable, Sink: WritableStream & ~Copyable>: ~Copyable {
  private var source: Source
  private var sink: Sink

  /// Combines a stream to read from with a stream to write to.
  public init(reading source: consuming Source, writing sink: consuming Sink) {
    self.source = source
    self.sink = sink
  }
}

extension StreamPair: Sendable where Source: Sendable & ~Copyable, Sink: Sendable & ~Copyable {}

extension StreamPair: ReadableStream where Source: ~Copyable, Sink: ~Copyable {
  /// Reads at least one byte from the source, as ``ReadableStream/read(into:timeout:retryOnInterrupt:)`` does.
  public mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

extension StreamPair: WritableStream where Source: ~Copyable, Sink: ~Copyable {
  /// Writes at least one byte to the sink, as ``WritableStream/write(_:timeout:retryOnInterrupt:)`` does.
  public mutating func write(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try sink.write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

/// The system calls that transfer a stream's bytes.
@frozen
public enum Transport: Hashable, Sendable {
  /// `read(2)` and `write(2)`, for pipes and FIFOs.
  case file
  /// `recv(2)` and `send(2)`, for sockets.
  case socket
}

/// A descriptor from which bytes can be read: the read end of a pipe or FIFO, or a stream socket.
public protocol ReadableDescriptor: DescriptorRepresentable, ReadableStream, ~Copyable {
  /// The system calls that transfer the bytes.
  var transport: Transport { get }
}

/// A descriptor to which bytes can be written: the write end of a pipe or FIFO, or a stream socket.
///
/// When all readers are gone, a call throws `.brokenPipe`. `SIGPIPE` does not kill the process, even if the signal has
/// its default disposition. The library does not change the disposition.
public protocol WritableDescriptor: DescriptorRepresentable, WritableStream, ~Copyable {
  /// The system calls that transfer the bytes.
  var transport: Transport { get }
}

extension ReadableDescriptor where Self: ~Copyable {
  /// The number of bytes that can be read without waiting.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesAvailable: Int { get throws(IPCError) { try countBytesAvailable() } }

  /// Reads at least one byte and at most as many as fit into `bytes`, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read; 0 at end of file, or if `bytes` is full.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.connectionReset` if a
  ///   socket's peer closed it with unread data; `.interrupted` if `retryOnInterrupt` is false and a signal handler
  ///   ran.
  ///
  /// Calls `read(2)` or `recv(2)`.
  @inlinable
  public func read(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if timeout == .never {
      let count = Transfer.attemptRead(descriptor, transport, into: &bytes)
      if count >= 0 { return count }
    }
    return try Transfer.read(descriptor, transport, into: &bytes, timeout, retryOnInterrupt)
  }

  /// Reads the available bytes without waiting, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read, or 0 at end of file; nil if the call would block.
  public func tryRead(into bytes: inout OutputRawSpan) throws(IPCError) -> Int? {
    try nilIfWouldBlock { () throws(IPCError) in try read(into: &bytes, timeout: .immediate) }
  }

  /// Reads until `bytes` is full or the stream ends.
  ///
  /// - Returns: The number of bytes read; less than the available room only at end of file.
  /// - Throws: Any error from ``ReadableStream/read(into:timeout:retryOnInterrupt:)``. `bytes` contains the bytes read
  ///   so far, and ``IPCError/transferred`` is their number.
  ///
  /// Calls `read(2)` or `recv(2)` as often as necessary.
  public func readExactly(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    let before = bytes.byteCount
    while bytes.freeCapacity > 0 {
      do throws(IPCError) {
        if try read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt) == 0 { break }
      } catch {
        throw error.adding(transferred: bytes.byteCount - before)
      }
    }
    return bytes.byteCount - before
  }

  /// Reads at least one byte and at most `maxLength`, and appends them to an array, which is reallocated only if its
  /// capacity is too small.
  ///
  /// Otherwise, this behaves like ``ReadableStream/read(into:timeout:retryOnInterrupt:)``.
  @inlinable
  public func read(
    maxLength: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try read(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Reads `length` bytes, or fewer at end of file, and appends them to an array.
  ///
  /// Otherwise, this behaves like ``readExactly(into:timeout:retryOnInterrupt:)``.
  public func readExactly(
    _ length: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try bytes.append(maxLength: length) { (span) throws(IPCError) in
      try readExactly(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Reads to the end of the stream, and appends everything to an array.
  ///
  /// - Parameters:
  ///   - bytes: The array to append the bytes to.
  ///   - maxLength: The maximum number of bytes to read, so that a peer cannot exhaust memory.
  ///   - timeout: How long to wait for the end of the stream.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The number of bytes read. If this number is `maxLength`, the stream may contain more bytes.
  /// - Throws: ``IPCError``. `bytes` contains the bytes read so far, and ``IPCError/transferred`` is their number.
  @discardableResult
  public func readToEnd(
    appendingTo bytes: inout [UInt8], maxLength: Int = .max, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    let before = bytes.count
    while true {
      let total = bytes.count - before
      if total == maxLength { return total }
      // Doubles the array's capacity, so that it is rarely reallocated.
      let room = min(
        maxLength - total, max(bytes.capacity - bytes.count, bytes.count, AnonymousPipe.maximumAtomicWriteLength))
      do throws(IPCError) {
        let count = try readExactly(room, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
        if count < room { return total + count }
      } catch {
        throw error.adding(transferred: total)
      }
    }
  }
}

extension WritableDescriptor where Self: ~Copyable {
  /// Writes at least one of `bytes`; if there is too little room for all of them and the call cannot wait, writes only
  /// some.
  ///
  /// A write of up to ``AnonymousPipe/maximumAtomicWriteLength`` bytes to a pipe is atomic: it writes all bytes or
  /// none.
  ///
  /// - Returns: The number of bytes written; 0 only if `bytes` is empty.
  /// - Throws: ``IPCError`` with `.brokenPipe` if all readers are gone; `.timedOut` or, for ``Timeout/immediate``,
  ///   `.wouldBlock`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran before anything was
  ///   written.
  ///
  /// Calls `pwritev2(2)` with `RWF_NOSIGNAL` (`write(2)` before Linux 6.18), or `send(2)` on a socket.
  @inlinable
  public func write(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if timeout == .never {
      let count = Transfer.attemptWrite(descriptor, transport, bytes)
      if count >= 0 { return count }
    }
    return try Transfer.write(descriptor, transport, bytes, timeout, retryOnInterrupt)
  }

  /// Writes the bytes of an array or a string, like ``WritableStream/write(_:timeout:retryOnInterrupt:)``.
  @inlinable
  public func write(
    _ bytes: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try unsafe write(bytes.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Writes as many bytes as there is room for, without waiting.
  ///
  /// - Returns: The number of bytes written; nil if the call would block.
  public func tryWrite(_ bytes: RawSpan) throws(IPCError) -> Int? {
    try nilIfWouldBlock { () throws(IPCError) in try write(bytes, timeout: .immediate) }
  }

  /// Writes all of `bytes`.
  ///
  /// If there are more than ``AnonymousPipe/maximumAtomicWriteLength`` bytes, other writers' bytes can be interleaved.
  ///
  /// - Throws: Any error from ``WritableStream/write(_:timeout:retryOnInterrupt:)``, with the number of bytes written
  ///   in ``IPCError/transferred``.
  ///
  /// Calls `pwritev2(2)`, `write(2)` or `send(2)` as often as necessary.
  @inlinable
  public func writeAll(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let count = try write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    if count < bytes.byteCount {
      try Transfer.writeRest(descriptor, transport, bytes, after: count, timeout, retryOnInterrupt)
    }
  }

  /// Writes all bytes of an array or a string, like ``writeAll(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  @inlinable
  public func writeAll(
    _ bytes: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try unsafe writeAll(bytes.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

extension WritableDescriptor where Self: ~Copyable {
  /// Writes two parts, such as a header and a body, as one sequence of bytes, like
  /// ``WritableStream/write(_:timeout:retryOnInterrupt:)``.
  ///
  /// One system call writes both parts, so other writers cannot interleave their bytes: a pipe accepts either all or
  /// none of up to ``AnonymousPipe/maximumAtomicWriteLength`` bytes, and a message socket sends one message. The C
  /// equivalent is `writev(2)`. The parts are copied into one buffer.
  ///
  /// - Returns: The number of bytes written from both parts.
  public func write(
    _ first: RawSpan, then second: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try joining(first, second) { (bytes) throws(IPCError) in
      try write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Writes all bytes of two parts, such as a header and a body, as one sequence of bytes, like
  /// ``writeAll(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public func writeAll(
    _ first: RawSpan, then second: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try joining(first, second) { (bytes) throws(IPCError) in
      try writeAll(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Writes two byte sequences, like ``write(_:then:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  public func write(
    _ first: Span<UInt8>, then second: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try unsafe write(first.bytes, then: second.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Writes all bytes of two byte sequences, like ``writeAll(_:then:timeout:retryOnInterrupt:)-(RawSpan,_,_,_)``.
  public func writeAll(
    _ first: Span<UInt8>, then second: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try unsafe writeAll(first.bytes, then: second.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Calls `body` with the bytes of both parts.
  private func joining<Value>(
    _ first: RawSpan, _ second: RawSpan, _ body: (RawSpan) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    let count = first.byteCount + second.byteCount
    return try unsafe withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { (buffer) throws(IPCError) in
      unsafe first.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[first.byteCount...])
      unsafe second.withUnsafeBytes { unsafe rest.copyMemory(from: $0) }
      return try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer)))
    }
  }
}

extension [UInt8] {
  /// Reserves room for `maxLength` more bytes, and calls `fill` to append them.
  ///
  /// This reallocates only if the capacity is too small.
  @inlinable @inline(__always)
  package mutating func append<Result>(
    maxLength: Int, _ fill: (inout OutputRawSpan) throws(IPCError) -> Result
  ) throws(IPCError) -> Result {
    var result: Result?
    try append(addingCapacity: maxLength) { (span: inout OutputSpan<UInt8>) throws(IPCError) in
      result = try unsafe span.withUnsafeMutableBufferPointer { (buffer, count) throws(IPCError) in
        let end = count + maxLength
        let room = unsafe UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: end)
        var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: count)
        defer { count = bytes.byteCount }
        return try fill(&bytes)
      }
    }
    guard let result else { preconditionFailure("append(addingCapacity:) did not call its closure") }
    return result
  }
}
