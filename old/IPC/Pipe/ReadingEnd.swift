/// An end that is read from: of a pipe, of a FIFO, or of a stream between sockets.
public protocol ReadingEnd: ByteEnd, ByteSource, ~Copyable {}

extension ReadingEnd where Self: ~Copyable {
  /// Reads some bytes, at most as many as `bytes` has room for, and appends them to it.
  ///
  /// - Returns: ``ReadResult/read(_:)`` with at least one byte, or why there are none. To read into no room is
  ///   `.read(0)`.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for, and with `.connectionReset` when the other end of
  ///   a stream was closed before it had read what was written to it.
  ///
  /// Calls `read(2)`, or `recv(2)`.
  public func read(
    into bytes: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe readSome(into: buffer, filled: &count, patience, interruption)
    }
  }

  /// Reads until `bytes` is full.
  ///
  /// - Returns: ``ReadResult/read(_:)`` when it is, or what came before that; the bytes until then are in `bytes`.
  /// - Throws: ``IPCError``, with what was read until then in `bytes`, and its count in ``IPCError/transferred``.
  ///
  /// Calls `read(2)`, or `recv(2)`, as often as it takes.
  public func readExactly(
    into bytes: inout OutputRawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe readAll(into: buffer, filled: &count, patience, interruption)
    }
  }

  /// One `read(2)`, or the wait for it in vain.
  func readSome(
    into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    // The kernel would report the end of a file that has not ended.
    if unsafe room.isEmpty { return .read(0) }
    return ReadResult(
      try unsafe Transfer.read(descriptor, transport, into: room, patience, interruption), filled: &count)
  }

  func readAll(
    into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int, _ patience: Patience,
    _ interruption: Interruption
  ) throws(IPCError) -> ReadResult {
    let before = count
    while count < buffer.count {
      do {
        switch try unsafe readSome(into: buffer, filled: &count, patience, interruption) {
        case .read: continue
        case .endOfFile: return .endOfFile(after: count - before)
        case .wouldBlock: return .wouldBlock(after: count - before)
        case .timedOut: return .timedOut(after: count - before)
        }
      } catch {
        throw error.after(count - before)
      }
    }
    return .read(count - before)
  }
}

extension IPCError {
  /// The same error, of a call that had transferred `count` bytes before.
  func after(_ count: Int) -> IPCError {
    IPCError(call: call, errno: errno, object: object, transferred: transferred + count)
  }
}
