internal import CIPC
internal import Glibc
public import SystemPackage

/// An anonymous pipe: what is written into one end is read from the other, in order.
///
/// ```swift
/// let pipe = try Pipe()
/// try pipe.writer.writeAll("Hello".utf8.span)
/// try pipe.writer.close()
/// var text: [UInt8] = []
/// try pipe.reader.readToEnd(appendingTo: &text)
/// ```
///
/// Each end has one owner and is closed when its owner goes. A reader meets the end of file once *every* writing end
/// is closed, in this process and in all others; that is why both ends are always close-on-exec, and a child has
/// exactly those that it is handed (see ``Child``).
@frozen
public struct Pipe: ~Copyable, Sendable {
  public let reader: Reader
  public let writer: Writer

  /// Makes a pipe.
  ///
  /// - Parameters:
  ///   - nonBlocking: Whether both ends are non-blocking, also for a child that is handed one. The calls here need it
  ///     not: how long each may wait is told by its patience.
  ///   - packets: Whether each write of up to `PIPE_BUF` bytes is read as a packet of its own. What of a packet has no
  ///     room where it is read to is lost.
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles` or `.tooManyOpenFilesInSystem`.
  ///
  /// Calls `pipe2(2)`.
  public init(nonBlocking: Bool = false, packets: Bool = false) throws(IPCError) {
    var ends: (Int32, Int32) = (-1, -1)
    let flags = O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0) | (packets ? Int32(CIPC_O_DIRECT) : 0)
    try Kernel.call("pipe2") {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe cipc_pipe2($0.assumingMemoryBound(to: Int32.self).baseAddress, flags)
      }
    }
    reader = Reader(OwnedDescriptor(taking: FileDescriptor(rawValue: ends.0)))
    writer = Writer(OwnedDescriptor(taking: FileDescriptor(rawValue: ends.1)))
  }

  /// The most bytes that one write puts into a pipe as a whole, never mixed with those of another writer.
  public static let atomicWriteLimit = Int(PIPE_BUF)
}

extension Pipe {
  /// The end that is read from, of an anonymous pipe or of a FIFO.
  public struct Reader: ~Copyable, Sendable, PipeEnd, ReadingEnd {
    private let owned: OwnedDescriptor

    package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    public var descriptor: FileDescriptor { owned.descriptor }
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives up the descriptor, which stays open, to somebody else's care.
    public consuming func release() -> FileDescriptor { owned.release() }
  }

  /// The end that is written to, of an anonymous pipe or of a FIFO.
  public struct Writer: ~Copyable, Sendable, PipeEnd, WritingEnd {
    private let owned: OwnedDescriptor

    package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

    public var descriptor: FileDescriptor { owned.descriptor }
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives up the descriptor, which stays open, to somebody else's care.
    public consuming func release() -> FileDescriptor { owned.release() }
  }
}
