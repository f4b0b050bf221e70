internal import SystemPackage

/// An end that is written to: of a pipe, of a FIFO, or of a stream between sockets.
///
/// When nobody reads, each call says so. The process does not die of `SIGPIPE`, and its disposition of that signal
/// stays as it is. A socket is told not to raise it; for a pipe the signal is blocked in the calling thread during the
/// call, and taken away if the call raised it.
public protocol WritingEnd: ByteEnd, ByteSink, ~Copyable {}

extension WritingEnd where Self: ~Copyable {
  /// Writes some of `bytes`: all of them, unless there is room for less and no patience to wait for more.
  ///
  /// - Returns: ``WriteResult/wrote(_:)`` with at least one byte, or why there are none. A pipe takes up
  ///   to ``Pipe/atomicWriteLimit`` bytes whole or not at all.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for, and nothing was written yet.
  ///
  /// Calls `write(2)`, or `send(2)`.
  public func write(
    _ bytes: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try contained(bytes.byteCount) { () throws(IPCError) in
      try unsafe bytes.withUnsafeBytes { (buffer) throws(IPCError) in
        try unsafe writeSome(buffer, patience, interruption)
      }
    }
  }

  /// Writes all of `bytes`.
  ///
  /// Beyond ``Pipe/atomicWriteLimit`` they may be mixed with those of other writers.
  ///
  /// - Returns: ``WriteResult/wrote(_:)`` when all were written, or what came before that.
  /// - Throws: ``IPCError``, with what was written until then in its ``IPCError/transferred``.
  ///
  /// Calls `write(2)`, or `send(2)`, as often as it takes.
  @discardableResult
  public func writeAll(
    _ bytes: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try contained(bytes.byteCount) { () throws(IPCError) in
      try unsafe bytes.withUnsafeBytes { (buffer) throws(IPCError) in
        try unsafe writeWhole(buffer, patience, interruption)
      }
    }
  }

  private func contained(_ size: Int, _ write: () throws(IPCError) -> WriteResult) throws(IPCError) -> WriteResult {
    switch transport {
    case .file: try BrokenPipe.contained(size, write)
    case .socket: try write()
    }
  }

  private func writeSome(
    _ bytes: UnsafeRawBufferPointer, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    do {
      return switch try unsafe Transfer.write(descriptor, transport, bytes, patience, interruption) {
      case .moved(let count): .wrote(count)
      case .wouldBlock: .wouldBlock(after: 0)
      case .timedOut: .timedOut(after: 0)
      }
    } catch let error where error.errno == .brokenPipe {
      return .nobodyReads(after: 0)
    }
  }

  private func writeWhole(
    _ bytes: UnsafeRawBufferPointer, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> WriteResult {
    var count = 0
    while count < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[count...])
      do {
        switch try unsafe writeSome(rest, patience, interruption) {
        case .wrote(let length): count += length
        case .nobodyReads: return .nobodyReads(after: count)
        case .wouldBlock: return .wouldBlock(after: count)
        case .timedOut: return .timedOut(after: count)
        }
      } catch {
        throw error.after(count)
      }
    }
    return .wrote(count)
  }
}
