internal import CIPC
internal import Glibc
internal import SystemPackage

/// Whoever opens a FIFO waits for the other side. A symbolic link is not followed, and what is no FIFO is refused with
/// `.invalidArgument`, before it could do harm.
extension FIFO {
  /// Opens the FIFO for reading, and waits until somebody has opened it for writing.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`, `.invalidArgument`.
  ///
  /// Calls `open(2)`.
  public func openForReading(interruption: Interruption = .retry) throws(IPCError) -> Pipe.Reader {
    Pipe.Reader(try open(O_RDONLY, interruption))
  }

  /// Opens the FIFO for reading.
  ///
  /// - Parameters:
  ///   - patience: How long to wait until somebody has opened it for writing. With ``Patience/none`` it is opened
  ///     whether or not anybody has; reading then meets the end of file until somebody does.
  ///   - nonBlocking: Whether the end is non-blocking for whoever it is handed to.
  /// - Returns: The end; nil when nobody wrote before the deadline.
  public func openForReading(
    patience: Patience, nonBlocking: Bool = false, interruption: Interruption = .retry
  ) throws(IPCError) -> Pipe.Reader? {
    let reader: Pipe.Reader
    switch patience {
    case .forever:
      reader = try openForReading(interruption: interruption)
    case .none:
      reader = Pipe.Reader(try open(O_RDONLY | O_NONBLOCK, interruption))
    case .until:
      reader = Pipe.Reader(try open(O_RDONLY | O_NONBLOCK, interruption))
      guard try Self.waitForWriter(of: reader, patience, interruption) else { return nil }
    }
    try reader.setNonBlocking(nonBlocking)
    return reader
  }

  /// Opens the FIFO for writing, and waits until somebody has opened it for reading.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied`, `.invalidArgument`.
  ///
  /// Calls `open(2)`.
  public func openForWriting(interruption: Interruption = .retry) throws(IPCError) -> Pipe.Writer {
    Pipe.Writer(try open(O_WRONLY, interruption))
  }

  /// Opens the FIFO for writing.
  ///
  /// - Parameters:
  ///   - patience: How long to wait until somebody has opened it for reading.
  ///   - nonBlocking: Whether the end is non-blocking for whoever it is handed to.
  /// - Returns: The end; nil when nobody reads (`ENXIO`), for as long as there was patience.
  public func openForWriting(
    patience: Patience, nonBlocking: Bool = false, interruption: Interruption = .retry
  ) throws(IPCError) -> Pipe.Writer? {
    if patience == .forever {
      let writer = try openForWriting(interruption: interruption)
      try writer.setNonBlocking(nonBlocking)
      return writer
    }
    // open(2) takes no deadline, and nothing tells of a reader that has come: inotify(7) speaks when an open is
    // complete, which that of a reader is only when there is a writer. So this asks again.
    var backoff = Backoff()
    while true {
      do {
        let writer = Pipe.Writer(try open(O_WRONLY | O_NONBLOCK, interruption))
        try writer.setNonBlocking(nonBlocking)
        return writer
      } catch let error where error.errno == .noSuchAddressOrDevice {
        guard let next = backoff.next(before: patience) else { return nil }
        try Kernel.sleep(until: next, interruption)
      }
    }
  }

  /// Opens the FIFO for reading and writing, which waits for nobody.
  ///
  /// Whoever reads from it meets no end of file for as long as this is open.
  ///
  /// Calls `open(2)`; POSIX leaves it undefined, Linux does not.
  public func openForBoth(nonBlocking: Bool = false) throws(IPCError) -> ReaderWriter {
    ReaderWriter(try open(O_RDWR | (nonBlocking ? O_NONBLOCK : 0), .retry))
  }

  private func open(_ flags: Int32, _ interruption: Interruption) throws(IPCError) -> OwnedDescriptor {
    let file = try locate()
    let number = try Kernel.call("open", on: .path(path), interruption) {
      cipc_reopen(file.descriptor.rawValue, flags | O_CLOEXEC)
    }
    return OwnedDescriptor(taking: FileDescriptor(rawValue: number))
  }

  /// Waits until somebody has opened for writing what `reader`, which is non-blocking, reads; false when nobody did.
  private static func waitForWriter(
    of reader: borrowing Pipe.Reader, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> Bool {
    let probe = try Pipe(nonBlocking: true)
    var backoff = Backoff()
    while true {
      // poll(2) tells of bytes, and of a writer that has come and gone, but not of one that says nothing yet. Of that
      // one, a copy tells without taking anything: no bytes now (EAGAIN), instead of none ever again (0).
      let copied = Kernel.attempt { cipc_tee_now(reader.descriptor.rawValue, probe.writer.descriptor.rawValue, 1) }
      if copied != .success(0) { return true }
      guard let next = backoff.next(before: patience) else { return false }
      let ready = try Kernel.wait(for: .readable, of: reader.descriptor, .until(next), interruption)
      if !ready.isEmpty { return true }
    }
  }
}
