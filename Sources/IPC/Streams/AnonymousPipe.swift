internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An anonymous pipe: bytes written to one end are read from the other, in order.
///
/// ```swift
/// let pipe = try AnonymousPipe()
/// try pipe.writer.writeAll("Hello".utf8.span)
/// try pipe.writer.close()
/// var text: [UInt8] = []
/// try pipe.reader.readToEnd(appendingTo: &text)
/// ```
///
/// A reader sees end of file only when *every* descriptor for the write end is closed, in this process and in all
/// others. Therefore, both ends are close-on-exec, and a child has only the ends that you pass to it explicitly
/// (``ChildProcess``).
///
/// `pipe(7)`.
@frozen
public struct AnonymousPipe: ~Copyable, Sendable {
  /// The read end.
  public let reader: PipeReader
  /// The write end.
  public let writer: PipeWriter

  /// Creates a pipe.
  ///
  /// - Parameters:
  ///   - nonBlocking: Whether both ends are nonblocking. Set this for a child that inherits an end; this library does
  ///     not need nonblocking ends.
  ///   - packets: Whether each write of up to ``maximumAtomicWriteLength`` bytes is read as a separate packet. Bytes
  ///     that do not fit in the reader's buffer are discarded.
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles` or `.tooManyOpenFilesInSystem`.
  ///
  /// Calls `pipe2(2)`.
  public init(nonBlocking: Bool = false, packets: Bool = false) throws(IPCError) {
    var ends: (Int32, Int32) = (-1, -1)
    let flags = O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0) | (packets ? Int32(CIPC_O_DIRECT) : 0)
    try Syscall.call(.pipe2) {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe cipc_pipe2($0.assumingMemoryBound(to: Int32.self).baseAddress, flags)
      }
    }
    reader = PipeReader(OwnedDescriptor(taking: ends.0))
    writer = PipeWriter(OwnedDescriptor(taking: ends.1))
  }

  /// The maximum length of an atomic write in bytes (`PIPE_BUF`); an atomic write is never interleaved with other
  /// writers' bytes.
  public static let maximumAtomicWriteLength = Int(PIPE_BUF)
}

/// A descriptor for one end of a pipe or FIFO.
public protocol PipeDescriptor: DescriptorRepresentable, ~Copyable {}

extension PipeDescriptor where Self: ~Copyable {
  /// The system calls that transfer bytes: `read(2)` and `write(2)`.
  @inlinable public var transport: Transport { .file }

  /// The number of bytes that the pipe can hold.
  ///
  /// Calls `fcntl(2)` with `F_GETPIPE_SZ`.
  public var capacity: Int {
    get throws(IPCError) {
      Int(
        try Syscall.call(.fcntlGetPipeSize, on: .descriptor(descriptor)) {
          fcntl(descriptor.rawValue, Int32(CIPC_F_GETPIPE_SZ))
        })
    }
  }

  /// Sets the capacity of the pipe to at least this number of bytes.
  ///
  /// - Returns: The new capacity, rounded up by the kernel to a power-of-two multiple of the page size.
  /// - Throws: ``IPCError`` with `.notPermitted` if the size exceeds `/proc/sys/fs/pipe-max-size` (1 MiB by default)
  ///   and the process does not have `CAP_SYS_RESOURCE`; `.resourceBusy` if the pipe contains more bytes than that;
  ///   `.invalidArgument` if the size is invalid.
  ///
  /// Calls `fcntl(2)` with `F_SETPIPE_SZ`.
  @discardableResult
  public func setCapacity(_ bytes: Int) throws(IPCError) -> Int {
    guard let argument = Int32(exactly: bytes) else {
      throw IPCError(.fcntlSetPipeSize, .invalidArgument, on: .descriptor(descriptor))
    }
    return Int(
      try Syscall.call(.fcntlSetPipeSize, on: .descriptor(descriptor)) {
        fcntl(descriptor.rawValue, Int32(CIPC_F_SETPIPE_SZ), argument)
      })
  }
}

/// The read end of an anonymous pipe or FIFO.
@frozen
public struct PipeReader: ~Copyable, Sendable, PipeDescriptor, ReadableDescriptor, DescriptorOwner {
  @usableFromInline let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Takes ownership of an inherited descriptor, and makes it close-on-exec.
  ///
  /// If the initializer throws, the previous owner keeps the descriptor.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor does not refer to a pipe or FIFO;
  ///   `.badFileDescriptor` if it is not open for reading.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try adoptPipe(descriptor, access: O_RDONLY))
  }

  /// The open descriptor, owned and closed by this value.
  @inlinable public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }
}

/// The write end of an anonymous pipe or FIFO.
@frozen
public struct PipeWriter: ~Copyable, Sendable, PipeDescriptor, WritableDescriptor, DescriptorOwner {
  @usableFromInline let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Takes ownership of an inherited descriptor, and makes it close-on-exec.
  ///
  /// If the initializer throws, the previous owner keeps the descriptor.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor does not refer to a pipe or FIFO;
  ///   `.badFileDescriptor` if it is not open for writing.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try adoptPipe(descriptor, access: O_WRONLY))
  }

  /// The open descriptor, owned and closed by this value.
  @inlinable public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// Writes `bytes` atomically, never interleaved with other writers' bytes.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` if there are more than ``AnonymousPipe/maximumAtomicWriteLength``
  ///   bytes, in which case nothing is written; any error from ``WritableStream/write(_:timeout:retryOnInterrupt:)``.
  ///
  /// Calls `pwritev2(2)` or `write(2)`.
  public func writeAtomically(
    _ bytes: RawSpan, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    guard bytes.byteCount <= AnonymousPipe.maximumAtomicWriteLength else {
      throw IPCError(.write, .messageTooLong, on: .descriptor(descriptor))
    }
    _ = try write(bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }

  /// Writes the bytes of an array or a string atomically, like
  /// ``writeAtomically(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  public func writeAtomically(
    _ bytes: Span<UInt8>, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    try writeAtomically(unsafe bytes.bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
}

/// Both ends of a FIFO in one descriptor.
public struct PipeReaderWriter: ~Copyable, Sendable, PipeDescriptor, ReadableDescriptor, WritableDescriptor,
  DescriptorOwner
{
  let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  /// Takes ownership of an inherited descriptor, and makes it close-on-exec.
  ///
  /// - Throws: Any error from ``PipeReader/init(adopting:)-(FileDescriptor)``.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try adoptPipe(descriptor, access: O_RDWR))
  }

  /// The open descriptor, owned and closed by this value.
  public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }
}

private func adoptPipe(_ descriptor: FileDescriptor, access: Int32) throws(IPCError) -> OwnedDescriptor {
  guard try FileStatus(of: descriptor).isFIFO else {
    throw IPCError(.fstat, .invalidArgument, on: .descriptor(descriptor))
  }
  let flags = try NonBlocking.statusFlags(of: descriptor)
  // A descriptor opened with O_PATH has no access mode, but its mode bits look like O_RDONLY.
  guard flags & (O_ACCMODE | Int32(CIPC_O_PATH)) == access else {
    throw IPCError(.fcntlGetFlags, .badFileDescriptor, on: .descriptor(descriptor))
  }
  return try OwnedDescriptor.adopting(descriptor)
}
