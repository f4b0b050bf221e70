internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Byte streams between processes on the same machine or on different machines.
///
/// ```swift
/// let address = SocketAddress(.loopback(.v4), port: 7777)
/// let listener = try TCP.Listener(at: address)
///
/// // In another process:
/// let stream = try TCP.Stream(.v4)
/// try stream.connect(to: address, timeout: .after(.seconds(1)))
/// try stream.writeAll("Hello".utf8.span)
/// try stream.shutDown(.sending)
/// ```
///
/// `tcp(7)`.
public enum TCP {
  static var type: Int32 { Int32(SOCK_STREAM.rawValue) }

  /// A TCP socket that does not listen, closed when the value is destroyed.
  ///
  /// The kernel still delivers sent bytes after the socket is closed. However, if there are unread bytes, closing
  /// resets the connection, and the peer can see the reset before it has read all bytes sent to it.
  @frozen
  public struct Stream: ~Copyable, Sendable, InternetSocket, ReadableDescriptor, WritableDescriptor, DescriptorOwner {
    @usableFromInline let owned: OwnedDescriptor
    /// The IP version of the socket, chosen at creation.
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Creates a socket that is not bound or connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`; `.addressFamilyNotSupported` if the machine does not support
    ///   IPv6.
    ///
    /// Calls `socket(2)`.
    public init(_ version: IPVersion) throws(IPCError) {
      self.init(taking: try .opening(family: version.family, type: TCP.type), version)
    }

    /// Takes ownership of an inherited or received socket, and makes it close-on-exec.
    ///
    /// If the initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, `.addressFamilyNotSupported` or `.protocolWrongTypeForSocket` if the
    ///   descriptor is not a TCP socket.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let owned = try OwnedDescriptor.adoptingSocket(descriptor, families: [AF_INET, AF_INET6], type: TCP.type)
      self.init(taking: owned, try IPVersion(of: descriptor))
    }

    /// The open descriptor, owned and closed by this value.
    @inlinable public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }
    /// The system calls that transfer bytes: `recv(2)` and `send(2)`.
    @inlinable public var transport: Transport { .socket }

    /// Aborts the connection, so that the socket can connect again.
    ///
    /// The peer's calls throw `.connectionReset`.
    ///
    /// Calls `connect(2)` with `AF_UNSPEC`.
    public func disconnect() throws(IPCError) {
      try Syscall.call(.connect, on: .descriptor(descriptor)) { cipc_disconnect(descriptor.rawValue) }
    }

    /// Connects to a listener.
    ///
    /// A connection is established when it is in the listener's queue; the listener need not have accepted it. After a
    /// timeout or an interruption, the attempt continues; call the method again with the same address to wait for it.
    ///
    /// - Throws: ``IPCError`` with `.connectionRefused` if no socket is listening on the address; `.timedOut`; for
    ///   ``Timeout/immediate`` and nonblocking sockets, `.nowInProgress` if the attempt has started, and
    ///   `.alreadyInProcess` if an earlier attempt is still in progress; `.networkUnreachable`, `.noRouteToHost`,
    ///   `.socketIsConnected`, `.addressFamilyNotSupported`; `.interrupted` if `retryOnInterrupt` is false and a signal
    ///   handler ran.
    ///
    /// Calls `connect(2)`, and `ppoll(2)` to wait until a deadline.
    public func connect(
      to address: SocketAddress, timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) {
      var raw = address.raw
      while true {
        let result = try SocketNames.connect(descriptor, to: &raw, timeout, retryOnInterrupt: retryOnInterrupt)
        switch result {
        case .success: return
        case .failure(.nowInProgress) where timeout.isDeadline, .failure(.alreadyInProcess) where timeout.isDeadline:
          try Syscall.waitOrThrow(
            .connect, descriptor, .writable, timeout, on: .socketAddress(address), retryOnInterrupt: retryOnInterrupt)
        case .failure(let reason): throw IPCError(.connect, reason, on: .socketAddress(address))
        }
      }
    }

    /// Closes the socket and resets the connection.
    ///
    /// Undelivered bytes are lost, and the peer's next call throws `.connectionReset`.
    ///
    /// Calls `setsockopt(2)` with `SO_LINGER` set to 0 seconds, and `close(2)`.
    public consuming func reset() throws(IPCError) {
      try setLingerTime(.zero)
      try close()
    }

    /// Makes the socket accept connections.
    ///
    /// Calls `listen(2)`.
    package func listen(backlog: Int32) throws(IPCError) { try SocketNames.listen(descriptor, backlog: backlog) }
  }

  /// A socket that accepts connections.
  ///
  /// Destroying the value closes the socket and resets connections that have not been accepted yet.
  public struct Listener: ~Copyable, Sendable, SocketProtocol, DescriptorOwner {
    let owned: OwnedDescriptor
    /// The IP version of the socket, chosen at creation.
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Creates a socket, binds it, and makes it listen.
    ///
    /// - Parameters:
    ///   - address: The address to listen on; port 0 lets the kernel choose a port.
    ///   - reuseAddress: Whether the listener can use the address of a server that has just exited; see
    ///     ``InternetSocket/reuseAddress``.
    ///   - reusePort: Whether the listener can share the address with other listeners that set this; see
    ///     ``InternetSocket/reusePort``.
    ///   - ipv6Only: Whether an IPv6 listener is restricted to IPv6; nil for the system default.
    ///   - backlog: One less than the number of connections that can wait to be accepted; at most
    ///     `/proc/sys/net/core/somaxconn`.
    /// - Throws: Any error from ``InternetSocket/bind(to:)``.
    ///
    /// Calls `socket(2)`, `bind(2)` and `listen(2)`.
    public init(
      at address: SocketAddress, reuseAddress: Bool = true, reusePort: Bool = false, ipv6Only: Bool? = nil,
      backlog: Int32 = .max
    ) throws(IPCError) {
      let version = address.address.version
      let socket = try Stream(version)
      if reuseAddress { try socket.setReuseAddress(true) }
      if reusePort { try socket.setReusePort(true) }
      if let ipv6Only { try socket.setIPv6Only(ipv6Only) }
      try socket.bind(to: address)
      try socket.listen(backlog: backlog)
      self.init(taking: socket.takeDescriptor(), version)
    }

    /// Takes ownership of an inherited listening socket, and makes it close-on-exec.
    ///
    /// If the initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` if the socket is not listening; any error from
    ///   ``TCP/Stream/init(adopting:)-(FileDescriptor)``.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let owned = try OwnedDescriptor.adoptingSocket(
        descriptor, families: [AF_INET, AF_INET6], type: TCP.type, listening: true)
      self.init(taking: owned, try IPVersion(of: descriptor))
    }

    /// The open descriptor, owned and closed by this value.
    public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }

    /// The address on which the socket listens, with the port chosen by the kernel if the requested port was 0.
    ///
    /// Calls `getsockname(2)`.
    public var address: SocketAddress { get throws(IPCError) { try SocketAddress(of: descriptor, peer: false) } }

    /// Accepts the oldest pending connection, waiting for one if necessary.
    ///
    /// The connection is blocking, even if the listener is not. With a timeout, the call makes the listener nonblocking
    /// for a moment, because `accept4(2)` has no flag for this. If another process that shares the listener does the
    /// same at that moment, the call can wait longer than its timeout; set ``setNonBlocking(_:)`` to prevent this.
    ///
    /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate`` and nonblocking listeners, `.wouldBlock`;
    ///   `.connectionAbort` if the client closed the connection before it was accepted; `.tooManyOpenFiles`;
    ///   `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
    ///
    /// Calls `accept4(2)`, and `ppoll(2)` to wait until a deadline.
    public func accept(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> Stream {
      let accepted = try acceptWithAddress(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      return accepted.socket
    }

    /// Accepts a connection like ``accept(timeout:retryOnInterrupt:)``, and also returns its peer's address.
    public func acceptWithAddress(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> AcceptedConnection<Stream, SocketAddress> {
      var raw = cipc_address()
      let stream = Stream(
        taking: try SocketNames.accept(on: descriptor, from: &raw, timeout, retryOnInterrupt: retryOnInterrupt),
        version)
      guard let address = SocketAddress(raw) else {
        throw IPCError(.accept4, .addressFamilyNotSupported, on: .descriptor(descriptor))
      }
      return AcceptedConnection(stream, address)
    }

    /// Accepts the oldest pending connection, if any; otherwise returns nil.
    ///
    /// If processes share the listener, the call can wait: see ``accept(timeout:retryOnInterrupt:)``.
    ///
    /// Calls `accept4(2)`.
    public func tryAccept() throws(IPCError) -> Stream? {
      try nilIfWouldBlock { () throws(IPCError) in try accept(timeout: .immediate) }
    }
  }
}
