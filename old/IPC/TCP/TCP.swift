internal import Glibc
public import SystemPackage

/// Streams of bytes between processes, of one machine or of two.
///
/// ```swift
/// let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 7777))
///
/// // In another process:
/// let stream = try TCP.Stream(.v4)
/// let address = SocketAddress(.loopback(.v4), port: 7777)
/// guard try stream.connect(to: address, patience: .atMost(.seconds(1))) == .connected else { return }
/// try stream.writeAll("Hello".utf8.span)
/// try stream.shutDown(.sending)
/// ```
///
/// `tcp(7)`.
public enum TCP {
  static var type: Int32 { Int32(SOCK_STREAM.rawValue) }

  /// A socket that does not listen, read and written as a pipe is. It is closed when its owner goes.
  public struct Stream: ~Copyable, Sendable, InternetEnd {
    let owned: OwnedDescriptor
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Makes a socket that is neither bound nor connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`, `.addressFamilyNotSupported` where there is no IPv6.
    ///
    /// Calls `socket(2)`.
    public init(_ version: IPVersion) throws(IPCError) {
      owned = try version.makeSocket(type: TCP.type)
      self.version = version
    }

    /// Takes over a socket that this process was started with, and makes it close-on-exec.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, `.addressFamilyNotSupported` or `.protocolWrongTypeForSocket` when it is
    ///   another. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      version = try IPVersion(adopting: descriptor, type: TCP.type)
      owned = OwnedDescriptor(taking: descriptor)
    }

    public var descriptor: FileDescriptor { owned.descriptor }

    /// What was sent is still delivered. What was received and not read is lost, and then the connection is reset: the
    /// other side may learn of that before it has read what was sent to it.
    ///
    /// Calls `close(2)`.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Breaks the connection off: what was not delivered yet is lost, and the other side's next call is
    /// `.connectionReset`, which is not the end of the file.
    ///
    /// Calls `setsockopt(2)` with `SO_LINGER` of 0 seconds, and `close(2)`.
    public consuming func reset() throws(IPCError) {
      try setLingerTime(.zero)
      try owned.close()
    }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }
  }
}

extension TCP.Stream: ReadingEnd, WritingEnd {
  public var transport: Transport { .socket }
}
