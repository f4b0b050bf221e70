extension ReadingEnd where Self: ~Copyable {
  /// Reads some bytes, at most `limit`, and appends them to an array. One that has the room is not reallocated.
  ///
  /// Like ``ByteSource/read(into:patience:interruption:)``.
  public func read(
    atMost limit: Int, appendingTo bytes: inout [UInt8], patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    try unsafe bytes.append(room: limit) { (buffer, count) throws(IPCError) in
      try unsafe readSome(into: buffer, filled: &count, patience, interruption)
    }
  }

  /// Reads `length` bytes and appends them to an array. One that has the room is not reallocated.
  ///
  /// Like ``readExactly(into:patience:interruption:)``.
  public func readExactly(
    _ length: Int, appendingTo bytes: inout [UInt8], patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    try unsafe bytes.append(room: length) { (buffer, count) throws(IPCError) in
      try unsafe readAll(into: buffer, filled: &count, patience, interruption)
    }
  }

  /// Reads to the end of the file and appends all of it to an array.
  ///
  /// - Parameter limit: How many bytes to read at most, so that a peer that never ends cannot take all memory.
  /// - Returns: ``ReadResult/endOfFile(after:)`` with the number of bytes; ``ReadResult/read(_:)`` when the limit was
  ///   reached first; or what ran out before.
  /// - Throws: ``IPCError``, with what was read until then in `bytes`.
  @discardableResult
  public func readToEnd(
    appendingTo bytes: inout [UInt8], limit: Int = .max, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    let before = bytes.count
    while true {
      let total = bytes.count - before
      if total == limit { return .read(total) }
      // As much again as there is: the number of times that an array grows is the logarithm of its length.
      let room = min(limit - total, max(bytes.capacity - bytes.count, bytes.count, Pipe.atomicWriteLimit))
      let result: ReadResult
      do {
        result = try readExactly(room, appendingTo: &bytes, patience: patience, interruption: interruption)
      } catch {
        throw error.after(total)
      }
      switch result {
      case .read: continue
      case .endOfFile: return .endOfFile(after: bytes.count - before)
      case .wouldBlock: return .wouldBlock(after: bytes.count - before)
      case .timedOut: return .timedOut(after: bytes.count - before)
      }
    }
  }
}
