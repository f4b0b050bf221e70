package import SystemPackage

/// A buffered byte stream that can be read by line, by delimiter or by length.
///
/// The reader reads as many bytes as are available, and buffers those that the caller has not requested yet.
///
/// ```swift
/// var reader = BufferedReader(pipe.reader)
/// while let line = try reader.readLine(timeout: .after(.seconds(10))) {
///   print(line)
/// }
/// ```
///
/// If a call throws, no bytes are lost: received bytes stay in the buffer, and the call can be repeated. A timeout
/// applies to the whole call, even if it needs several reads.
///
/// After end of file, the next call reads from the stream again, because a FIFO can have a new writer.
public struct BufferedReader<Source: ReadableStream & ~Copyable>: ~Copyable {
  @usableFromInline var source: Source
  @usableFromInline var buffer: StreamBuffer

  /// The maximum number of bytes per read from the stream.
  ///
  /// The buffer grows for calls that need more bytes.
  public let capacity: Int

  /// Creates a reader with an empty buffer.
  ///
  /// - Parameters:
  ///   - source: The stream to read from; the reader takes ownership.
  ///   - capacity: The size of the buffer in bytes, at least 1.
  public init(_ source: consuming Source, capacity: Int = 65_536) {
    self.capacity = capacity
    self.source = source
    buffer = StreamBuffer(capacity: capacity)
  }

  /// The number of bytes that have been read from the stream, but not from this reader yet.
  public var bytesBuffered: Int { buffer.count }

  /// Destroys the reader and returns the stream.
  ///
  /// Any buffered bytes are discarded. To keep them, read ``bytesBuffered`` bytes first.
  public consuming func release() -> Source { source }
}

extension BufferedReader: Sendable where Source: Sendable & ~Copyable {}

extension BufferedReader where Source: ~Copyable {
  /// Reads the next line, and returns it as a string.
  ///
  /// A final line without a newline counts as a line.
  ///
  /// - Parameters:
  ///   - strippingNewline: Whether to remove the newline at the end.
  ///   - maxLength: The maximum length of the line in bytes, including its newline; ``capacity`` if nil.
  ///   - timeout: How long to wait for the whole line.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The line, in which bytes that are not UTF-8 are replaced; nil at end of file.
  /// - Throws: ``IPCError`` with `.messageTooLong` if the line is longer than `maxLength`; the line stays in the
  ///   buffer, and a call with a larger `maxLength` returns it. `.timedOut`, `.wouldBlock` or `.interrupted` if the
  ///   stream throws one of them.
  @inlinable
  public mutating func readLine(
    strippingNewline: Bool = true, maxLength: Int? = nil, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> String? {
    let count = try fill(until: UInt8(ascii: "\n"), maxLength ?? capacity, timeout, retryOnInterrupt)
    if count == 0 { return nil }
    defer { buffer.consume(count) }
    return buffer.text(count, strippingNewline: strippingNewline)
  }

  /// Reads up to and including the next `delimiter`, or to the end of the file, and appends the bytes to an array.
  ///
  /// - Parameters:
  ///   - delimiter: The byte that ends the text, such as `UInt8(ascii: "\n")`.
  ///   - bytes: The array to append the bytes to.
  ///   - maxLength: The maximum number of bytes, including the delimiter; ``capacity`` if nil.
  ///   - timeout: How long to wait for the delimiter.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The number of bytes, including the delimiter unless the file ended without one; nil at end of file.
  /// - Throws: Any error from ``readLine(strippingNewline:maxLength:timeout:retryOnInterrupt:)``.
  @inlinable
  public mutating func read(
    until delimiter: UInt8, appendingTo bytes: inout [UInt8], maxLength: Int? = nil, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int? {
    let count = try fill(until: delimiter, maxLength ?? capacity, timeout, retryOnInterrupt)
    if count == 0 { return nil }
    buffer.move(count, to: &bytes)
    return count
  }

  /// Reads up to and including the next multi-byte `delimiter`, such as `"\r\n\r\n".utf8.span`.
  ///
  /// Otherwise, this behaves like ``read(until:appendingTo:maxLength:timeout:retryOnInterrupt:)-(UInt8,_,_,_,_)``.
  @inlinable
  public mutating func read(
    until delimiter: Span<UInt8>, appendingTo bytes: inout [UInt8], maxLength: Int? = nil, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int? {
    let count = try fill(until: delimiter, maxLength ?? capacity, timeout, retryOnInterrupt)
    if count == 0 { return nil }
    buffer.move(count, to: &bytes)
    return count
  }

  /// Reads up to and including the next `delimiter`, and passes the bytes to `body` without copying or allocating.
  ///
  /// Otherwise, this behaves like ``read(until:appendingTo:maxLength:timeout:retryOnInterrupt:)-(UInt8,_,_,_,_)``.
  @inlinable
  public mutating func withNext<Result>(
    until delimiter: UInt8, maxLength: Int? = nil, timeout: Timeout = .never, retryOnInterrupt: Bool = true,
    _ body: (RawSpan) -> Result
  ) throws(IPCError) -> Result? {
    let count = try fill(until: delimiter, maxLength ?? capacity, timeout, retryOnInterrupt)
    if count == 0 { return nil }
    defer { buffer.consume(count) }
    return body(unsafe buffer.bytes(count).bytes)
  }

  /// Reads `count` bytes, or fewer at end of file, and appends them to an array.
  ///
  /// - Returns: The number of bytes read.
  /// - Throws: Any error from the stream. On error, nothing is appended, and the bytes that arrived remain in the
  ///   buffer.
  @inlinable
  public mutating func readExactly(
    _ count: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    let count = try fill(count, timeout, retryOnInterrupt)
    buffer.move(count, to: &bytes)
    return count
  }

  /// Reads until `bytes` is full or the file ends.
  ///
  /// - Returns: The number of bytes read.
  /// - Throws: Any error from the stream. On error, nothing is appended, and the bytes that arrived remain in the
  ///   buffer.
  @inlinable
  public mutating func readExactly(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    _ = try fill(bytes.freeCapacity, timeout, retryOnInterrupt)
    return buffer.move(to: &bytes)
  }

  /// Passes the next `count` bytes, or fewer at end of file, to `body`, and leaves them in the buffer.
  ///
  /// - Throws: Any error from the stream.
  @inlinable
  public mutating func peek<Result>(
    _ count: Int, timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (RawSpan) -> Result
  ) throws(IPCError) -> Result {
    let count = try fill(count, timeout, retryOnInterrupt)
    return body(unsafe buffer.bytes(count).bytes)
  }
}

extension BufferedReader where Source: DescriptorRepresentable & ~Copyable {
  /// The stream's descriptor; it need not be readable when the buffer contains bytes.
  package var descriptor: FileDescriptor { source.descriptor }
}

extension BufferedReader: ReadableStream where Source: ~Copyable {
  /// Reads at least one byte from the buffer or, if the buffer is empty, from the stream.
  @inlinable
  public mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if buffer.count == 0 { return try source.read(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt) }
    return buffer.move(to: &bytes)
  }
}

extension BufferedReader where Source: ~Copyable {
  /// Reads until the buffer contains a delimiter.
  ///
  /// - Returns: The number of bytes up to and including the delimiter; at end of file, the number of remaining bytes.
  @inlinable
  mutating func fill(
    until delimiter: UInt8, _ maxLength: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    var searched = 0
    while true {
      let end = buffer.end(of: delimiter, after: searched)
      searched = buffer.count
      if let end, end <= maxLength { return end }
      // The file may end with a line of `maxLength` bytes that has no delimiter, so a line is too long only if the
      // buffer contains one more byte.
      if end != nil || searched > maxLength { throw StreamBuffer.tooLong }
      if try fillOnce(upTo: maxLength, timeout, retryOnInterrupt) == 0 { return searched }
    }
  }

  @inlinable
  mutating func fill(
    until delimiter: Span<UInt8>, _ maxLength: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    precondition(!delimiter.isEmpty, "a delimiter must have at least one byte")
    var searched = 0
    while true {
      let end = buffer.end(of: delimiter, after: searched)
      searched = buffer.count
      if let end, end <= maxLength { return end }
      if end != nil || searched > maxLength { throw StreamBuffer.tooLong }
      if try fillOnce(upTo: maxLength, timeout, retryOnInterrupt) == 0 { return searched }
      // The last bytes that were searched can be the beginning of a delimiter.
      searched = max(0, searched - delimiter.count + 1)
    }
  }

  /// Reads until the buffer contains `count` bytes.
  ///
  /// - Returns: `count`; at end of file, the number of remaining bytes.
  @inlinable
  mutating func fill(_ count: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> Int {
    precondition(count >= 0, "count must not be negative")
    while buffer.count < count {
      if try fillOnce(upTo: count - 1, timeout, retryOnInterrupt) == 0 { return buffer.count }
    }
    return count
  }

  /// Reads once.
  ///
  /// The buffer first grows, if necessary, to have room for at least one more byte, and for more than `length` bytes in
  /// total.
  @inlinable
  mutating func fillOnce(upTo length: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> Int {
    buffer.makeRoom(for: length)
    var room = unsafe OutputRawSpan(buffer: buffer.room, initializedCount: 0)
    _ = try source.read(into: &room, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    // Do not trust the returned count, because any type can be a stream.
    let count = room.byteCount
    buffer.extend(count)
    return count
  }
}
