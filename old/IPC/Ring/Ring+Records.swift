internal import SystemPackage

/// How a record lies in the data: its length, four bytes of zeros, and its bytes up to the next multiple of 8.
private enum Frame {
  static let size: UInt64 = 8

  /// How many bytes a record of this length takes.
  static func room(_ length: UInt64) -> UInt64 { size + (length + 7) & ~7 }
}

extension Ring.Producer where Content == RingRecords {
  /// The longest record that the ring can hold, in bytes.
  public var longestRecord: Int { min(capacity - Int(Frame.size), Int(UInt32.max)) }

  /// Puts a whole record into the ring, and waits until there is room for it. It may be empty.
  ///
  /// - Returns: `.transferred` with its length; `.closed` when the consumer has closed, whether there is room or not.
  /// - Throws: ``IPCError`` with `.messageTooLong` for one that is longer than ``longestRecord``; `.badMessage` when the ring
  ///   is corrupt; `Errno.interrupted` where that was asked for, which a handler does while it sleeps, `SA_RESTART` or not.
  ///   Nothing was sent then, nor with `.tooManyOpenFiles` and the like, where it could not be looked whether the consumer
  ///   lives.
  ///
  /// Calls `futex(2)` when there is no room, or the consumer sleeps.
  public mutating func send(
    _ record: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> RingResult {
    let length = record.byteCount
    guard length <= longestRecord else { throw IPCError(call: "ring_send", errno: .messageTooLong) }
    if end.otherOwner == .closed { return .closed }
    let result = try end.wait(for: Frame.room(UInt64(length)), patience, interruption)
    guard case .transferred = result else { return result }
    end.putFrame(length: UInt32(length), at: end.position)
    end.put(record, at: end.position &+ Frame.size)
    end.advance(Frame.room(UInt64(length)))
    return .transferred(length)
  }
}

extension Ring.Consumer where Content == RingRecords {
  /// Takes the next record, and waits until there is one. It may be empty.
  ///
  /// - Returns: `.transferred` with its length, and it was appended to `buffer`; `.closed` when the producer has closed and
  ///   all are taken.
  /// - Throws: ``IPCError`` with `.messageTooLong` when `buffer` has no room for it: it stays in the ring. `.badMessage` and
  ///   `Errno.interrupted` as the producer's `send` does.
  ///
  /// Calls `futex(2)` when there is none, or the producer sleeps.
  public mutating func receive(
    into buffer: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> RingResult {
    let result = try end.wait(for: 1, patience, interruption)
    guard case .transferred(let there) = result else { return result }
    // Positions move by whole records, so that one that is there is all there.
    guard there % 8 == 0 else { throw IPCError(call: "ring", errno: .badMessage) }
    let frame = end.frame(at: end.position)
    guard frame.zeros == 0, Frame.room(UInt64(frame.length)) <= UInt64(there) else {
      throw IPCError(call: "ring", errno: .badMessage)
    }
    let length = Int(frame.length)
    guard length <= buffer.freeCapacity else { throw IPCError(call: "ring_receive", errno: .messageTooLong) }
    end.take(length, at: end.position &+ Frame.size, into: &buffer)
    end.advance(Frame.room(UInt64(length)))
    return .transferred(length)
  }
}
