public import IPC
internal import SystemPackage

extension FIFO {
  /// Opens the FIFO for reading, and waits until it is open for writing.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait. The kernel does not report when a writer opens the FIFO, so the method polls at
  ///     intervals of 0.1 to 10 ms, without blocking a thread.
  ///   - nonBlocking: Whether the read end is nonblocking; set this for a child that inherits it.
  /// - Returns: The read end. With `.immediate`, there may be no writer; reading then returns end of file until a
  ///   writer opens the FIFO.
  /// - Throws: `IPCError` with `.timedOut` if no writer opened the FIFO; `.noSuchFileOrDirectory`, `.permissionDenied`,
  ///   `.invalidArgument`; `CancellationError`.
  ///
  /// Calls `open(2)`.
  public func openForReading(timeout: Timeout = .never, nonBlocking: Bool = false) async throws -> PipeReader {
    let reader = try openWithoutWaiting()
    if !timeout.isImmediate {
      let probe = try AnonymousPipe(nonBlocking: true)
      try await repeatedly(timeout) { () throws(IPCError) in
        if !FIFO.hasWriter(reader, probe) { throw IPCError(.open, .wouldBlock, on: .path(path)) }
      }
    }
    if !nonBlocking { try reader.setNonBlocking(false) }
    return reader
  }

  /// Opens the FIFO for writing, and waits until it is open for reading.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait. The kernel does not report when a reader opens the FIFO, so the method retries
  ///     after pauses of 0.1 to 10 ms, without blocking a thread.
  ///   - nonBlocking: Whether the write end is nonblocking; set this for a child that inherits it.
  /// - Returns: The write end.
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.noSuchAddressOrDevice` (`ENXIO`) if there is no
  ///   reader; `.noSuchFileOrDirectory`, `.permissionDenied`, `.invalidArgument`; `CancellationError`.
  ///
  /// Calls `open(2)`.
  public func openForWriting(timeout: Timeout = .never, nonBlocking: Bool = false) async throws -> PipeWriter {
    try await repeatedly(timeout, while: .noSuchAddressOrDevice) { () throws(IPCError) in
      try openForWriting(timeout: .immediate, nonBlocking: nonBlocking)
    }
  }

  private func openWithoutWaiting() throws(IPCError) -> PipeReader {
    try openForReading(timeout: .immediate, nonBlocking: true)
  }
}
