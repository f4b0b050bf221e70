extension Ring.Producer where Content == RingBytes {
  /// Writes as many bytes as there is room for, at least one, and waits until there is.
  ///
  /// - Returns: `.transferred` with how many; `.closed` when the consumer has closed, whether there is room or not.
  /// - Throws: ``IPCError`` with `.badMessage` when the ring is corrupt; with `Errno.interrupted` where that was asked for,
  ///   which a handler does while it sleeps, `SA_RESTART` or not. Nothing was written then.
  ///
  /// Calls `futex(2)` when the ring is full, or the consumer sleeps.
  public mutating func write(
    _ bytes: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> RingResult {
    if end.otherOwner == .closed { return .closed }
    guard !bytes.isEmpty else { return .transferred(0) }
    let result = try end.wait(for: 1, patience, interruption)
    guard case .transferred(let room) = result else { return result }
    let count = min(room, bytes.byteCount)
    end.put(bytes.extracting(first: count), at: end.position)
    end.advance(UInt64(count))
    return .transferred(count)
  }

  /// Like ``write(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  public mutating func write(
    _ bytes: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> RingResult {
    try write(unsafe bytes.bytes, patience: patience, interruption: interruption)
  }
}

extension Ring.Consumer where Content == RingBytes {
  /// Reads as many bytes as there are and `buffer` has room for, at least one, and waits until there are.
  ///
  /// - Returns: `.transferred` with how many were appended; `.closed` when the producer has closed and all are read.
  /// - Throws: As the producer's `write` does.
  ///
  /// Calls `futex(2)` when the ring is empty, or the producer sleeps.
  public mutating func read(
    into buffer: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> RingResult {
    guard buffer.freeCapacity > 0 else { return .transferred(0) }
    let result = try end.wait(for: 1, patience, interruption)
    guard case .transferred(let there) = result else { return result }
    let count = min(there, buffer.freeCapacity)
    end.take(count, at: end.position, into: &buffer)
    end.advance(UInt64(count))
    return .transferred(count)
  }
}
