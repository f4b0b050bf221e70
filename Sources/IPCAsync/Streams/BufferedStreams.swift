public import IPC

extension BufferedReader where Source: ReadableDescriptor & ~Copyable {
  /// Reads the next line.
  ///
  /// A final line without a newline counts as a line.
  ///
  /// - Parameters:
  ///   - strippingNewline: Whether to remove the newline at the end.
  ///   - maxLength: The maximum length of the line in bytes, including its newline; `capacity` if nil.
  ///   - timeout: How long to wait for the whole line.
  /// - Returns: The line, in which bytes that are not UTF-8 are replaced; nil at end of file.
  /// - Throws: `IPCError` with `.messageTooLong` if the line is longer than `maxLength`; `.timedOut` or, for
  ///   `.immediate`, `.wouldBlock`; any error from the stream; `CancellationError`. On error, bytes that arrived remain
  ///   in the buffer.
  public mutating func readLine(
    strippingNewline: Bool = true, maxLength: Int? = nil, timeout: Timeout = .never
  ) async throws -> String? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try readLine(strippingNewline: strippingNewline, maxLength: maxLength, timeout: .immediate)
    }
  }

  /// Reads up to and including the next `delimiter`, or to the end of the file, and appends the bytes to an array.
  ///
  /// - Parameters:
  ///   - delimiter: The byte that ends the text, such as `UInt8(ascii: "\n")`.
  ///   - bytes: The array to append the bytes to.
  ///   - maxLength: The maximum number of bytes, including the delimiter; `capacity` if nil.
  ///   - timeout: How long to wait for the delimiter.
  /// - Returns: The number of bytes, including the delimiter unless the file ended without one; nil at end of file.
  /// - Throws: Any error from ``readLine(strippingNewline:maxLength:timeout:)``.
  public mutating func read(
    until delimiter: UInt8, appendingTo bytes: inout [UInt8], maxLength: Int? = nil, timeout: Timeout = .never
  ) async throws -> Int? {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try read(until: delimiter, appendingTo: &bytes, maxLength: maxLength, timeout: .immediate)
    }
  }

  /// Reads `count` bytes, or fewer at end of file, and appends them to an array.
  ///
  /// - Returns: The number of bytes read.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; any error from the stream;
  ///   `CancellationError`. On error, nothing is appended, and the bytes that arrived remain in the buffer.
  public mutating func readExactly(
    _ count: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try readExactly(count, appendingTo: &bytes, timeout: .immediate)
    }
  }

  /// Returns a sequence of the stream's lines, without their newlines.
  ///
  /// A line longer than `maxLength` bytes (`capacity` if nil) ends the sequence with `.messageTooLong`.
  public consuming func lines(maxLength: Int? = nil) -> AsyncHandleSequence<String> {
    let box = HandleBox(self)
    return AsyncHandleSequence { try await box.handle.readLine(maxLength: maxLength) }
  }
}

extension BufferedWriter where Sink: WritableDescriptor & ~Copyable {
  /// Writes all of `bytes` to the buffer, which is flushed first if they do not fit.
  ///
  /// - Throws: Any error from ``flush(timeout:)``, in which case none of `bytes` are in the buffer. If `bytes` has at
  ///   least `capacity` bytes, `transferred` is the number of bytes written to the stream.
  public mutating func write(_ bytes: RawSpan, timeout: Timeout = .never) async throws {
    if bytes.byteCount > capacity - unwritten { try await flush(timeout: timeout) }
    var count = 0
    while true {
      let rest = bytes.extracting(droppingFirst: count)
      do {
        // If the call does not flush, it either appends all bytes, or writes some of them to the stream.
        count += try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
          do throws(IPCError) {
            try write(rest, timeout: .immediate)
            return rest.byteCount
          } catch {
            if error.transferred == 0 { throw error }
            return error.transferred
          }
        }
      } catch {
        throw partial(error, .write, count, descriptor)
      }
      if count == bytes.byteCount { return }
    }
  }

  /// Writes the bytes of an array or a string, like ``write(_:timeout:)-(RawSpan,_)``.
  public mutating func write(_ bytes: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await write(unsafe bytes.bytes, timeout: timeout)
  }

  /// Writes all buffered bytes to the stream.
  ///
  /// Call this before you destroy the writer.
  ///
  /// - Throws: `IPCError` with `.brokenPipe`; `.timedOut` or, for `.immediate`, `.wouldBlock`; `CancellationError`.
  ///   Unwritten bytes stay in the buffer, and the next call continues with them.
  public mutating func flush(timeout: Timeout = .never) async throws {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      _ = try flush(timeout: .immediate)
    }
  }
}

extension ReadableDescriptor where Self: Sendable & ~Copyable {
  /// Returns a sequence of chunks of the stream as they arrive, each at most `maxLength` bytes long.
  public consuming func chunks(maxLength: Int = 65_536) -> AsyncHandleSequence<[UInt8]> {
    let box = HandleBox(self)
    return AsyncHandleSequence {
      box.bytes.removeAll(keepingCapacity: true)
      return try await box.handle.read(maxLength: maxLength, appendingTo: &box.bytes) == 0 ? nil : box.bytes.trimmed
    }
  }
}
