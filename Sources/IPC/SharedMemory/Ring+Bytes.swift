internal import SystemPackage

extension Ring.Producer: WritableStream where Content == RingBytes {
  /// Writes at least one of `bytes`, and as many as fit.
  ///
  /// - Returns: The number of bytes written; 0 only if `bytes` is empty.
  /// - Throws: ``IPCError`` with `.brokenPipe` if the consumer closed its end, even if there is room; `.ownerDied` if
  ///   the ring is full and the consumer died without closing its end, which another process can then open;
  ///   `.badMessage` if the ring is corrupted; `.timedOut`, `.wouldBlock`; `.interrupted` if `retryOnInterrupt` is
  ///   false and a signal handler ran while the call slept, with or without `SA_RESTART`. On error, nothing is written.
  ///
  /// Calls `futex(2)` if the ring is full or the consumer is asleep.
  public mutating func write(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if bytes.isEmpty, !end.otherIsClosed { return 0 }
    let count = min(try room(timeout, retryOnInterrupt), bytes.byteCount)
    end.put(bytes.extracting(first: count), at: end.position)
    end.advance(UInt64(count))
    return count
  }

  /// Writes the bytes of an array or a string, like ``write(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public mutating func write(
    _ bytes: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try write(unsafe bytes.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Writes the bytes that fit, without waiting.
  ///
  /// - Returns: The number of bytes written; nil if the ring is full.
  public mutating func tryWrite(_ bytes: RawSpan) throws(IPCError) -> Int? {
    try nilIfWouldBlock { () throws(IPCError) in try write(bytes, timeout: .immediate) }
  }

  /// Writes all of `bytes`.
  ///
  /// - Throws: Any error from ``write(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``, with the number of bytes written in
  ///   ``IPCError/transferred``.
  public mutating func writeAll(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    var count = 0
    while count < bytes.byteCount {
      do throws(IPCError) {
        count += try write(
          bytes.extracting(droppingFirst: count), timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      } catch {
        throw error.after(count)
      }
    }
  }

  /// Writes in place: passes free memory in the ring to `fill`, and then makes the appended bytes visible.
  ///
  /// The memory is contiguous, so it can be smaller than the total free space. It has between 1 and `maxLength` bytes.
  ///
  /// - Returns: The number of bytes written.
  /// - Throws: Any error from ``write(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public mutating func write(
    maxLength: Int = .max, timeout: Timeout = .never, retryOnInterrupt: Bool = true,
    _ fill: (inout OutputRawSpan) -> Void
  ) throws(IPCError) -> Int {
    precondition(maxLength > 0, "maxLength must be at least 1")
    let count = min(try room(timeout, retryOnInterrupt), maxLength)
    var bytes = unsafe OutputRawSpan(buffer: end.memory(count, at: end.position).0, initializedCount: 0)
    fill(&bytes)
    let written = bytes.byteCount
    if written > 0 { end.advance(UInt64(written)) }
    return written
  }

  /// Waits until there is room for at least one byte, and returns how many bytes fit.
  private mutating func room(_ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> Int {
    guard !end.otherIsClosed, let room = try end.wait(for: 1, .ringWrite, timeout, retryOnInterrupt) else {
      throw IPCError(.ringWrite, .brokenPipe)
    }
    return Int(room)
  }
}

extension Ring.Consumer: ReadableStream where Content == RingBytes {
  /// Reads at least one byte and at most as many as fit into `bytes`, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read; 0 if the producer closed its end and all bytes have been read, or if `bytes`
  ///   is full.
  /// - Throws: ``IPCError`` with `.ownerDied` instead of end of file if all bytes have been read and the producer died
  ///   without closing its end; any error from the producer's `write`.
  ///
  /// Calls `futex(2)` if the ring is empty or the producer is asleep.
  public mutating func read(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    if bytes.freeCapacity == 0 { return 0 }
    guard let available = try end.wait(for: 1, .ringRead, timeout, retryOnInterrupt) else { return 0 }
    let count = min(Int(available), bytes.freeCapacity)
    end.take(count, at: end.position, into: &bytes)
    end.advance(UInt64(count))
    return count
  }

  /// Reads at least one byte and at most `maxLength`, and appends them to an array.
  ///
  /// Otherwise, this behaves like ``read(into:timeout:retryOnInterrupt:)``.
  public mutating func read(
    maxLength: Int, appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try bytes.append(maxLength: maxLength) { (span) throws(IPCError) in
      try read(into: &span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }

  /// Reads the available bytes without waiting, and appends them to `bytes`.
  ///
  /// - Returns: The number of bytes read, or 0 at end of file; nil if the ring is empty.
  public mutating func tryRead(into bytes: inout OutputRawSpan) throws(IPCError) -> Int? {
    try nilIfWouldBlock { () throws(IPCError) in try read(into: &bytes, timeout: .immediate) }
  }

  /// Reads in place: passes bytes in the ring to `body`, which returns how many of them it consumed.
  ///
  /// The bytes are contiguous, so the ring can contain more bytes than `body` receives. A malicious producer can change
  /// the bytes while `body` runs: copy bytes that must not change after a check.
  ///
  /// - Returns: The number of bytes consumed; nil at end of file.
  /// - Throws: Any error from ``read(into:timeout:retryOnInterrupt:)``.
  public mutating func read(
    maxLength: Int = .max, timeout: Timeout = .never, retryOnInterrupt: Bool = true, _ body: (RawSpan) -> Int
  ) throws(IPCError) -> Int? {
    precondition(maxLength > 0, "maxLength must be at least 1")
    guard let available = try end.wait(for: 1, .ringRead, timeout, retryOnInterrupt) else { return nil }
    let memory = unsafe end.memory(min(Int(available), maxLength), at: end.position).0
    let count = body(unsafe UnsafeRawBufferPointer(memory).bytes)
    precondition(0...memory.count ~= count, "body must not consume more bytes than it was passed")
    if count > 0 { end.advance(UInt64(count)) }
    return count
  }
}
