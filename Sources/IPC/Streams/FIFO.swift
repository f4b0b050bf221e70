internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The name of a FIFO (named pipe): a pipe that unrelated processes can open by its path.
///
/// ```swift
/// let fifo = FIFO("/tmp/my_fifo")
/// try fifo.createIfMissing()
/// let reader = try fifo.openForReading()
/// ```
///
/// An open FIFO has the same ends as an anonymous pipe, ``PipeReader`` and ``PipeWriter``. The name remains until it is
/// unlinked. The methods that open a FIFO do not follow symbolic links, and throw `.invalidArgument` if the path does
/// not refer to a FIFO.
///
/// `fifo(7)`.
public struct FIFO: Hashable, Sendable {
  /// The path, which is resolved when the FIFO is created, opened or unlinked.
  public let path: FilePath

  /// Creates a reference to a FIFO, which need not exist.
  public init(_ path: FilePath) { self.path = path }
}

extension FIFO {
  /// Creates the FIFO.
  ///
  /// - Parameters:
  ///   - permissions: The FIFO's permissions.
  ///   - applyUmask: Whether to apply the process's umask, as in C. If false, the FIFO has exactly the requested
  ///     permissions from the start, and the umask of other threads does not change.
  /// - Throws: ``IPCError`` with `.fileExists`; `.noSuchFileOrDirectory` if the directory does not exist;
  ///   `.permissionDenied` if it is not writable.
  ///
  /// Calls `mkfifo(3)`.
  public func create(
    permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false
  ) throws(IPCError) {
    try Syscall.call(.mkfifo, on: .path(path)) {
      unsafe path.withPlatformString { path in
        applyUmask
          ? unsafe mkfifo(path, permissions.rawValue) : unsafe cipc_mkfifo_exactly(path, permissions.rawValue)
      }
    }
  }

  /// Creates the FIFO if it does not exist, for programs that can start in any order.
  ///
  /// - Returns: Whether the FIFO was created. An existing FIFO keeps its permissions.
  /// - Throws: ``IPCError`` with `.fileExists` if the path exists and is not a FIFO; this includes a symbolic link to a
  ///   FIFO.
  @discardableResult
  public func createIfMissing(
    permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false
  ) throws(IPCError) -> Bool {
    while true {
      do throws(IPCError) {
        try create(permissions: permissions, applyUmask: applyUmask)
        return true
      } catch  where error.errno == .fileExists {
        do throws(IPCError) {
          guard try LocatedFile(path).status.isFIFO else { throw IPCError(.mkfifo, .fileExists, on: .path(path)) }
          return false
        } catch  where error.errno == .noSuchFileOrDirectory {
          // Another process has removed the FIFO in the meantime: try again.
        }
      }
    }
  }

  /// Removes the FIFO's name; open ends stay open.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the path is not a FIFO, in which case it is not removed.
  ///
  /// Calls `unlink(2)`.
  public func unlink() throws(IPCError) {
    _ = try located()
    try Syscall.call(.unlink, on: .path(path)) {
      unsafe path.withPlatformString { path in
        #if canImport(Glibc)
          unsafe Glibc.unlink(path)
        #else
          unsafe Musl.unlink(path)
        #endif
      }
    }
  }

  /// Returns the permissions and ownership of the FIFO.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.invalidArgument` if the path is not a FIFO.
  ///
  /// Calls `fstat(2)`.
  public func status() throws(IPCError) -> FileStatus { try located().status }

  private func located() throws(IPCError) -> LocatedFile {
    let file = try LocatedFile(path)
    guard try file.status.isFIFO else { throw IPCError(.open, .invalidArgument, on: .path(path)) }
    return file
  }
}

extension FIFO {
  /// Opens the FIFO for reading, and waits until it is open for writing.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait. With ``Timeout/immediate``, the FIFO is opened even without a writer, and reading
  ///     returns end of file until a writer opens it.
  ///   - nonBlocking: Whether the read end is nonblocking; set this for a child that inherits it.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The read end.
  /// - Throws: ``IPCError`` with `.timedOut` if no writer opened the FIFO; `.noSuchFileOrDirectory`,
  ///   `.permissionDenied`, `.invalidArgument`.
  ///
  /// Calls `open(2)`.
  public func openForReading(
    timeout: Timeout = .never, nonBlocking: Bool = false, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> PipeReader {
    if timeout.isNever {
      let reader = PipeReader(try located().open(O_RDONLY, retryOnInterrupt: retryOnInterrupt))
      if nonBlocking { try reader.setNonBlocking(true) }
      return reader
    }
    let reader = PipeReader(try located().open(O_RDONLY | O_NONBLOCK, retryOnInterrupt: retryOnInterrupt))
    if !timeout.isImmediate { try waitForWriter(of: reader, timeout, retryOnInterrupt: retryOnInterrupt) }
    if !nonBlocking { try reader.setNonBlocking(false) }
    return reader
  }

  /// Opens the FIFO for writing, and waits until it is open for reading.
  ///
  /// - Parameters:
  ///   - timeout: How long to wait. `open(2)` takes no deadline, so with a deadline, the method retries after pauses of
  ///     0.1 to 10 ms.
  ///   - nonBlocking: Whether the write end is nonblocking; set this for a child that inherits it.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Returns: The write end.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.noSuchAddressOrDevice` (`ENXIO`) if there
  ///   is no reader; `.noSuchFileOrDirectory`, `.permissionDenied`, `.invalidArgument`.
  ///
  /// Calls `open(2)`.
  public func openForWriting(
    timeout: Timeout = .never, nonBlocking: Bool = false, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> PipeWriter {
    if timeout.isNever {
      let writer = PipeWriter(try located().open(O_WRONLY, retryOnInterrupt: retryOnInterrupt))
      if nonBlocking { try writer.setNonBlocking(true) }
      return writer
    }
    // inotify(7) does not help: it reports completed open(2) calls, but a reader's open(2) completes only when there is
    // a writer.
    var backoff = Backoff()
    while true {
      do throws(IPCError) {
        let writer = PipeWriter(try located().open(O_WRONLY | O_NONBLOCK, retryOnInterrupt: retryOnInterrupt))
        if !nonBlocking { try writer.setNonBlocking(false) }
        return writer
      } catch  where error.errno == .noSuchAddressOrDevice {
        if timeout.isImmediate { throw error }
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.open, .timedOut, on: .path(path))
        }
      }
    }
  }

  /// Opens the FIFO for both reading and writing, without waiting.
  ///
  /// As long as this descriptor is open, no reader sees end of file.
  ///
  /// Calls `open(2)` with `O_RDWR`; POSIX leaves the effect of this mode undefined, but Linux supports it.
  public func openForReadingAndWriting(nonBlocking: Bool = false) throws(IPCError) -> PipeReaderWriter {
    PipeReaderWriter(try located().open(O_RDWR | (nonBlocking ? O_NONBLOCK : 0), retryOnInterrupt: true))
  }

  /// Two FIFOs that form a bidirectional stream.
  @frozen
  public struct Duplex: ~Copyable, Sendable {
    /// The read end of the FIFO that the peer writes to.
    public let reader: PipeReader
    /// The write end of the FIFO that the peer reads from.
    public let writer: PipeWriter

    @usableFromInline init(_ reader: consuming PipeReader, _ writer: consuming PipeWriter) {
      self.reader = reader
      self.writer = writer
    }
  }

  /// Opens one FIFO for reading and another for writing, and waits for the peer to do the same.
  ///
  /// If two processes both open their read ends first, or both open their write ends first, they deadlock. This method
  /// opens the read end without waiting, so the peer can open the FIFOs in either order.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` if the peer did not open both FIFOs.
  public static func openDuplex(
    reading incoming: FIFO, writing outgoing: FIFO, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Duplex {
    let reader = try incoming.openForReading(
      timeout: .immediate, nonBlocking: true, retryOnInterrupt: retryOnInterrupt)
    let writer = try outgoing.openForWriting(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    // Do not open the read end again to wait for the peer: if the peer has already written its bytes and closed its end,
    // open(2) would wait for another writer.
    if !timeout.isImmediate {
      try incoming.waitForWriter(of: reader, timeout, retryOnInterrupt: retryOnInterrupt)
    }
    try reader.setNonBlocking(false)
    return Duplex(reader, writer)
  }

  /// Waits until the FIFO of `reader`, which is nonblocking, is open for writing, or a writer has closed it again.
  private func waitForWriter(
    of reader: borrowing PipeReader, _ timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) {
    let probe = try AnonymousPipe(nonBlocking: true)
    var backoff = Backoff()
    while !Self.hasWriter(reader, probe) {
      // poll(2) reports a hang-up only if there has been a writer since the read end was opened.
      if try !Syscall.wait(
        for: [], of: reader.descriptor.rawValue, until: .immediate, retryOnInterrupt: retryOnInterrupt
      ).isEmpty {
        return
      }
      guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
        throw IPCError(.open, .timedOut, on: .path(path))
      }
    }
  }

  /// Returns whether a nonblocking reader's FIFO is open for writing.
  ///
  /// `poll(2)` does not report a writer before its first write. `tee(2)` detects one: it fails with `EAGAIN` if there
  /// is a writer; otherwise, it returns 0.
  package static func hasWriter(_ reader: borrowing PipeReader, _ probe: borrowing AnonymousPipe) -> Bool {
    let (from, to) = (reader.descriptor.rawValue, probe.writer.descriptor.rawValue)
    return (try? Syscall.result { cipc_tee_now(from, to, 1) }.get()) != 0
  }
}
