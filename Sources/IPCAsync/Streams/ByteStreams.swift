public import IPC
internal import SystemPackage

extension DescriptorRepresentable where Self: ~Copyable {
  /// Waits until the descriptor is ready for one of `events`, without blocking a thread.
  ///
  /// Another task or process that shares the open file description may use the descriptor first, so call a `try…`
  /// variant afterwards.
  ///
  /// - Returns: The events that occurred.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.noSpace` if
  ///   `/proc/sys/fs/epoll/max_user_watches` is exceeded; `CancellationError`.
  ///
  /// Calls `ppoll(2)`, and `epoll_ctl(2)` to wait.
  @discardableResult
  public func wait(for events: Readiness, timeout: Timeout = .never) async throws -> Readiness {
    try await untilReady(descriptor, events, timeout) { () throws(IPCError) in
      try wait(for: events, timeout: .immediate)
    }
  }
}

extension ReadableDescriptor where Self: ~Copyable {
  /// Reads at least one byte and at most as many as fit into `bytes`, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read; 0 at end of file, or if `bytes` is full.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.connectionReset` if a socket's peer
  ///   closed it with unread data; `CancellationError`, in which case no bytes are lost.
  ///
  /// Calls `preadv2(2)` or `recv(2)`.
  public func read(into bytes: inout OutputRawSpan, timeout: Timeout = .never) async throws -> Int {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try read(into: &bytes, timeout: .immediate)
    }
  }

  /// Reads at least one byte and at most `maxLength`, and appends them to an array, which is reallocated only if its
  /// capacity is too small.
  ///
  /// Otherwise, this behaves like ``read(into:timeout:)``.
  public func read(
    maxLength: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try read(maxLength: maxLength, appendingTo: &bytes, timeout: .immediate)
    }
  }

  /// Reads `length` bytes, or fewer at end of file, and appends them to an array.
  ///
  /// - Parameters:
  ///   - length: The number of bytes to read.
  ///   - bytes: The array to append the bytes to. On error, it contains the bytes read so far.
  ///   - timeout: How long to wait for all bytes.
  /// - Returns: The number of bytes read.
  /// - Throws: Any error from ``read(into:timeout:)``.
  public func readExactly(
    _ length: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never
  ) async throws -> Int {
    var count = 0
    while count < length {
      let part = try await read(maxLength: length - count, appendingTo: &bytes, timeout: timeout)
      if part == 0 { break }
      count += part
    }
    return count
  }

  /// Reads to the end of the stream, and appends everything to an array.
  ///
  /// - Parameters:
  ///   - bytes: The array to append the bytes to. On error, it contains the bytes read so far.
  ///   - maxLength: The maximum number of bytes to read, so that a peer cannot exhaust memory.
  ///   - timeout: How long to wait for the end of the stream.
  /// - Returns: The number of bytes read. If this number is `maxLength`, the stream may contain more bytes.
  /// - Throws: Any error from ``read(into:timeout:)``.
  @discardableResult
  public func readToEnd(
    appendingTo bytes: inout [UInt8], maxLength: Int = .max, timeout: Timeout = .never
  ) async throws -> Int {
    var count = 0
    while count < maxLength {
      // Doubles the array's capacity, so that it is rarely reallocated.
      let room = max(bytes.capacity - bytes.count, bytes.count, AnonymousPipe.maximumAtomicWriteLength)
      let part = try await read(maxLength: min(maxLength - count, room), appendingTo: &bytes, timeout: timeout)
      if part == 0 { break }
      count += part
    }
    return count
  }
}

extension WritableDescriptor where Self: ~Copyable {
  /// Writes at least one of `bytes`, and as many as fit.
  ///
  /// - Returns: The number of bytes written; 0 only if `bytes` is empty.
  /// - Throws: `IPCError` with `.brokenPipe` if all readers are gone; `.timedOut` or, for `.immediate`, `.wouldBlock`;
  ///   `CancellationError`, in which case nothing is written.
  ///
  /// Calls `pwritev2(2)` or `send(2)`.
  public func write(_ bytes: RawSpan, timeout: Timeout = .never) async throws -> Int {
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try write(bytes, timeout: .immediate)
    }
  }

  /// Writes the bytes of an array or a string, like ``write(_:timeout:)-(RawSpan,_)``.
  public func write(_ bytes: Span<UInt8>, timeout: Timeout = .never) async throws -> Int {
    try await write(unsafe bytes.bytes, timeout: timeout)
  }

  /// Writes all of `bytes`.
  ///
  /// If several writes are necessary, other tasks and processes can write between them.
  ///
  /// - Throws: Any error from ``write(_:timeout:)-(RawSpan,_)``, with the number of bytes written in `transferred`. If
  ///   the task is cancelled after a partial write, the error is an `IPCError` with `.canceled` and that number.
  ///
  /// Calls `pwritev2(2)` or `send(2)` as often as necessary.
  public func writeAll(_ bytes: RawSpan, timeout: Timeout = .never) async throws {
    var count = 0
    while true {
      do {
        count += try await write(bytes.extracting(droppingFirst: count), timeout: timeout)
      } catch {
        throw partial(error, .write, count, descriptor)
      }
      if count >= bytes.byteCount { return }
    }
  }

  /// Writes all bytes of an array or a string, like ``writeAll(_:timeout:)-(RawSpan,_)``.
  public func writeAll(_ bytes: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await writeAll(unsafe bytes.bytes, timeout: timeout)
  }
}

extension PipeWriter {
  /// Writes `bytes` atomically, never interleaved with other writers' bytes.
  ///
  /// - Throws: `IPCError` with `.messageTooLong` if there are more than `AnonymousPipe.maximumAtomicWriteLength` bytes;
  ///   any error from `write`. On error, nothing is written.
  ///
  /// Calls `pwritev2(2)`.
  public func writeAtomically(_ bytes: RawSpan, timeout: Timeout = .never) async throws {
    // The kernel reports a pipe as writable only if it has room for this many bytes.
    try await untilReady(descriptor, .writable, timeout) { () throws(IPCError) in
      try writeAtomically(bytes, timeout: .immediate)
    }
  }

  /// Writes the bytes of an array or a string atomically, like ``writeAtomically(_:timeout:)-(RawSpan,_)``.
  public func writeAtomically(_ bytes: Span<UInt8>, timeout: Timeout = .never) async throws {
    try await writeAtomically(unsafe bytes.bytes, timeout: timeout)
  }
}

/// Adds the number of bytes transferred so far to an error from `call`.
///
/// If the number is above 0, an ``IPCError`` with `.canceled` replaces a `CancellationError`.
func partial(_ error: any Error, _ call: IPCError.Call, _ count: Int, _ descriptor: FileDescriptor) -> any Error {
  switch error {
  case _ where count == 0: error
  case let error as IPCError: error.adding(transferred: count)
  default: IPCError(call, .canceled, on: .socket(descriptor), transferred: count)
  }
}
