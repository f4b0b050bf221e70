internal import SystemPackage

/// The layout of a record in the ring: its length, four zero bytes, and its contents, padded to a multiple of 8 bytes.
private enum Frame {
  static let size: UInt64 = 8

  /// The number of bytes that a record of this length occupies.
  @inline(__always)
  static func size(of length: Int) -> UInt64 { size &+ (UInt64(length) &+ 7) & ~7 }
}

extension Ring.Producer where Content == RingRecords {
  /// The maximum length of a record in bytes.
  public var maximumRecordLength: Int { min(capacity - Int(Frame.size), Int(UInt32.max)) }

  /// Sends a record, which can be empty.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` if the record is longer than ``maximumRecordLength``; `.brokenPipe`
  ///   if the consumer closed its end, even if there is room; `.ownerDied` if there is no room and the consumer died
  ///   without closing its end, which another process can then open; `.badMessage` if the ring is corrupted;
  ///   `.timedOut`, `.wouldBlock`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran while the
  ///   call slept, with or without `SA_RESTART`. On error, no part of the record is sent.
  ///
  /// Calls `futex(2)` if there is no room or the consumer is asleep.
  public mutating func send(
    _ record: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let length = record.byteCount
    let size = try reserve(length, timeout, retryOnInterrupt)
    end.putFrame(length: UInt32(truncatingIfNeeded: length), at: end.position)
    end.put(record, at: end.position &+ Frame.size)
    end.advance(size)
  }

  /// Sends the bytes of an array or a string, like ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public mutating func send(
    _ record: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try send(unsafe record.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Sends a record without waiting.
  ///
  /// - Returns: Whether the record was sent; false if there is no room for it.
  public mutating func trySend(_ record: RawSpan) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try send(record, timeout: .immediate) } != nil
  }

  /// Sends a record that is built in place: passes memory in the ring to `fill`, and sends the bytes that `fill`
  /// appends.
  ///
  /// If the record wraps around the end of the ring, the memory has two parts: fill the first part before the second.
  /// Otherwise, the second part is empty.
  ///
  /// - Parameters:
  ///   - maxLength: The maximum length of the record in bytes; `fill` can append this many bytes.
  ///   - timeout: How long to wait for room.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  ///   - fill: Appends the bytes of the record to the two parts.
  /// - Returns: The length of the record.
  /// - Throws: Any error from ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public mutating func send(
    maxLength: Int, timeout: Timeout = .never, retryOnInterrupt: Bool = true,
    _ fill: (_ first: inout OutputRawSpan, _ second: inout OutputRawSpan) -> Void
  ) throws(IPCError) -> Int {
    _ = try reserve(maxLength, timeout, retryOnInterrupt)
    let memory = unsafe end.memory(maxLength, at: end.position &+ Frame.size)
    var first = unsafe OutputRawSpan(buffer: memory.0, initializedCount: 0)
    var second = unsafe OutputRawSpan(buffer: memory.1, initializedCount: 0)
    fill(&first, &second)
    precondition(first.freeCapacity == 0 || second.byteCount == 0, "fill the first part before the second")
    let length = first.byteCount + second.byteCount
    end.putFrame(length: UInt32(truncatingIfNeeded: length), at: end.position)
    end.advance(Frame.size(of: length))
    return length
  }

  /// Waits for room, and returns the number of bytes that a record of this length occupies.
  @inline(__always)
  private mutating func reserve(
    _ length: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> UInt64 {
    if length < 0 || length > maximumRecordLength { throw IPCError(.ringSend, .messageTooLong) }
    let size = Frame.size(of: length)
    if end.otherIsClosed { throw IPCError(.ringSend, .brokenPipe) }
    if try end.wait(for: size, .ringSend, timeout, retryOnInterrupt) == nil { throw IPCError(.ringSend, .brokenPipe) }
    return size
  }
}

extension Ring.Consumer where Content == RingRecords {
  /// Receives the next record, which can be empty, and appends it to `bytes`.
  ///
  /// - Returns: The length of the record; nil if the producer closed its end and all records have been received.
  /// - Throws: ``IPCError`` with `.messageTooLong` if `bytes` is too small, in which case the record stays in the ring;
  ///   `.ownerDied` if all records have been received and the producer died without closing its end; `.badMessage` if
  ///   the ring is corrupted; `.timedOut`, `.wouldBlock`, `.interrupted` for the same reasons as the producer's `send`.
  ///
  /// Calls `futex(2)` if the ring is empty or the producer is asleep.
  public mutating func receive(
    into bytes: inout OutputRawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int? {
    guard let length = try next(timeout, retryOnInterrupt) else { return nil }
    if length > bytes.freeCapacity { throw IPCError(.ringReceive, .messageTooLong) }
    end.take(length, at: end.position &+ Frame.size, into: &bytes)
    end.advance(Frame.size(of: length))
    return length
  }

  /// Receives the next record, and appends it to an array, which is reallocated only if its capacity is too small.
  ///
  /// Otherwise, this behaves like ``receive(into:timeout:retryOnInterrupt:)``.
  public mutating func receive(
    appendingTo bytes: inout [UInt8], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int? {
    guard let length = try next(timeout, retryOnInterrupt) else { return nil }
    try bytes.append(maxLength: length) { (span) throws(IPCError) in
      end.take(length, at: end.position &+ Frame.size, into: &span)
    }
    end.advance(Frame.size(of: length))
    return length
  }

  /// Receives the next record if there is one.
  ///
  /// - Returns: The length of the record; `.wouldBlock` if the ring is empty; `.endOfStream` if the producer has also
  ///   closed its end.
  public mutating func tryReceive(into bytes: inout OutputRawSpan) throws(IPCError) -> TryResult<Int> {
    let result = try nilIfWouldBlock { () throws(IPCError) -> TryResult<Int> in
      try receive(into: &bytes, timeout: .immediate).map(TryResult.ready) ?? .endOfStream
    }
    return result ?? .wouldBlock
  }

  /// Receives the next record in place: passes its bytes in the ring to `body`, and then removes it.
  ///
  /// If the record wraps around the end of the ring, it has two parts; otherwise the second part is empty. A malicious
  /// producer can change the bytes while `body` runs: copy bytes that must not change after a check.
  ///
  /// - Returns: The result of `body`; nil if the producer closed its end and all records have been received.
  /// - Throws: Any error from ``receive(into:timeout:retryOnInterrupt:)``.
  public mutating func withNext<Result>(
    timeout: Timeout = .never, retryOnInterrupt: Bool = true,
    _ body: (_ first: RawSpan, _ second: RawSpan) -> Result
  ) throws(IPCError) -> Result? {
    guard let length = try next(timeout, retryOnInterrupt) else { return nil }
    let memory = unsafe end.memory(length, at: end.position &+ Frame.size)
    let result = body(unsafe UnsafeRawBufferPointer(memory.0).bytes, unsafe UnsafeRawBufferPointer(memory.1).bytes)
    end.advance(Frame.size(of: length))
    return result
  }

  /// Waits for the next record, and returns its length; nil at the end of the stream.
  @inline(__always)
  private mutating func next(_ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> Int? {
    guard let available = try end.wait(for: 1, .ringReceive, timeout, retryOnInterrupt) else { return nil }
    end.prefetch(available)
    // The producer advances its position by whole records, so this record is complete.
    let frame = end.frame(at: end.position)
    let length = Int(frame.length)
    guard available % 8 == 0, frame.zeros == 0, Frame.size(of: length) <= available else {
      throw RingEnd.corrupted
    }
    return length
  }
}
