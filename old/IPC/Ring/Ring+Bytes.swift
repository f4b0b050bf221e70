extension Ring.Producer: ByteSink where Content == RingBytes {
  /// Writes as many bytes as there is room for, at least one, and waits until there is.
  ///
  /// - Returns: ``WriteResult/nobodyReads(after:)`` when the consumer has closed, whether there is room or not.
  /// - Throws: ``IPCError`` with `EOWNERDEAD` when there is no room and the consumer died without closing: a successor may
  ///   open its end. `.badMessage` when the ring is corrupt; `Errno.interrupted` where that was asked for, which a handler
  ///   does while it sleeps, `SA_RESTART` or not. Nothing was written then,
  ///   nor with `.tooManyOpenFiles` and the like, where it could not be looked whether the consumer lives.
  ///
  /// Calls `futex(2)` when the ring is full, or the consumer sleeps.
  public mutating func write(
    _ bytes: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    if end.otherOwner == .closed { return .nobodyReads(after: 0) }
    guard !bytes.isEmpty else { return .wrote(0) }
    switch try end.wait(for: 1, patience, interruption) {
    case .transferred(let room):
      let count = min(room, bytes.byteCount)
      end.put(bytes.extracting(first: count), at: end.position)
      end.advance(UInt64(count))
      return .wrote(count)
    case .closed: return .nobodyReads(after: 0)
    case .partnerDied: throw IPCError(call: "ring_write", errno: .ownerDied)
    case .wouldBlock: return .wouldBlock(after: 0)
    case .timedOut: return .timedOut(after: 0)
    }
  }

  /// Like ``write(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  public mutating func write(
    _ bytes: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try write(unsafe bytes.bytes, patience: patience, interruption: interruption)
  }
}

extension Ring.Consumer: ByteSource where Content == RingBytes {
  /// Reads as many bytes as there are and `buffer` has room for, at least one, and waits until there are.
  ///
  /// - Returns: ``ReadResult/endOfFile(after:)`` when the producer has closed and all are read.
  /// - Throws: ``IPCError`` with `EOWNERDEAD` when all are read and the producer died without closing: that is no end. Else
  ///   as the producer's `write` does.
  ///
  /// Calls `futex(2)` when the ring is empty, or the producer sleeps.
  public mutating func read(
    into buffer: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    guard buffer.freeCapacity > 0 else { return .read(0) }
    switch try end.wait(for: 1, patience, interruption) {
    case .transferred(let there):
      let count = min(there, buffer.freeCapacity)
      end.take(count, at: end.position, into: &buffer)
      end.advance(UInt64(count))
      return .read(count)
    case .closed: return .endOfFile(after: 0)
    case .partnerDied: throw IPCError(call: "ring_read", errno: .ownerDied)
    case .wouldBlock: return .wouldBlock(after: 0)
    case .timedOut: return .timedOut(after: 0)
    }
  }
}
