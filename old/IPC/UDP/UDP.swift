internal import Glibc
public import SystemPackage

/// Datagrams between processes, of one machine or of two.
///
/// ```swift
/// let receiver = try UDP.Socket(at: SocketAddress(.loopback(.v4), port: 7777))
///
/// // In another process:
/// let sender = try UDP.Socket(.v4)
/// _ = try sender.send("Hello".utf8.span, to: SocketAddress(.loopback(.v4), port: 7777))
/// ```
///
/// A datagram arrives whole, or not at all; nobody says which. Some may arrive twice, or in another order.
///
/// `udp(7)`.
public enum UDP {
  /// A socket that is closed when its owner goes.
  public struct Socket: ~Copyable, Sendable, InternetEnd {
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
      owned = try version.makeSocket(type: UDP.type)
      self.version = version
    }

    /// Makes a socket, and binds it.
    public init(at address: SocketAddress) throws(IPCError) {
      let version = address.address.version
      let socket = try Socket(version)
      try socket.bind(to: address)
      self.init(taking: OwnedDescriptor(taking: socket.release()), version)
    }

    /// Takes over a socket that this process was started with, and makes it close-on-exec.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, `.addressFamilyNotSupported` or `.protocolWrongTypeForSocket` when it is
    ///   another. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      version = try IPVersion(adopting: descriptor, type: UDP.type)
      owned = OwnedDescriptor(taking: descriptor)
    }

    public var descriptor: FileDescriptor { owned.descriptor }

    /// What was received and not read is lost, and nobody is told.
    ///
    /// Calls `close(2)`.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }
  }

  static var type: Int32 { Int32(SOCK_DGRAM.rawValue) }
}
