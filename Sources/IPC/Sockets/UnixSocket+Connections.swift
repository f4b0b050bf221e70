internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket.Socket {
  /// Connects a socket to a listener, or sets the receiver for a datagram socket.
  ///
  /// A connection is established when it is in the listener's queue; the listener need not have accepted it.
  ///
  /// - Parameters:
  ///   - address: The listener's or receiver's path or abstract name.
  ///   - timeout: How long to wait. `poll(2)` does not report when a listener's queue has room, so with a deadline, the
  ///     method retries after pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether to continue after a signal handler interrupts the call; if false, the call throws
  ///     `.interrupted`.
  /// - Throws: ``IPCError`` with `.connectionRefused` if no socket is listening on the address or has the abstract
  ///   name, or if the path was left behind by a closed socket; `.noSuchFileOrDirectory` if there is no such path;
  ///   `.timedOut` or, for ``Timeout/immediate`` and nonblocking sockets, `.wouldBlock` if the listener's queue is
  ///   full; `.permissionDenied` if this process has no write permission for the path; `.protocolWrongTypeForSocket`;
  ///   `.socketIsConnected`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `connect(2)`.
  public func connect(
    to address: UnixSocket.Address, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    var raw = address.raw
    var backoff = Backoff()
    while true {
      let result = try SocketNames.connect(descriptor, to: &raw, timeout, retryOnInterrupt: retryOnInterrupt)
      guard case .failure(let reason) = result else { return }
      guard reason == .wouldBlock, timeout.isDeadline else {
        throw IPCError(.connect, reason, on: .unixAddress(address))
      }
      guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
        throw IPCError(.connect, .timedOut, on: .unixAddress(address))
      }
    }
  }
}

extension UnixSocket.Socket where Style: UnixSocket.ConnectionStyle {
  /// Makes the socket accept connections.
  ///
  /// Calls `listen(2)`.
  package func listen(backlog: Int32) throws(IPCError) { try SocketNames.listen(descriptor, backlog: backlog) }
}

extension UnixSocket {
  /// A socket that accepts connections.
  ///
  /// Destroying the value closes the socket and resets connections that have not been accepted yet. The socket's path
  /// remains until it is unlinked.
  public struct Listener<Style: UnixSocket.ConnectionStyle>: ~Copyable, Sendable, SocketProtocol, DescriptorOwner {
    let owned: OwnedDescriptor

    package init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Creates a socket, binds it, and makes it listen.
    ///
    /// If `listen(2)` fails, which is unlikely, the path is not removed, because it could already belong to another
    /// socket.
    ///
    /// - Parameters:
    ///   - address: The path or abstract name to listen on.
    ///   - permissions: The permissions of the path. Connecting requires write permission.
    ///   - applyUmask: Whether to apply the process's umask, as in C.
    ///   - replaceStale: Whether to replace a path left behind by a process that died.
    ///   - backlog: One less than the number of connections that can wait to be accepted; at most
    ///     `/proc/sys/net/core/somaxconn`.
    /// - Throws: Any error from ``UnixSocket/Socket/bind(to:permissions:applyUmask:replaceStale:)``.
    ///
    /// Calls `socket(2)`, `bind(2)` and `listen(2)`.
    public init(
      at address: Address, permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false,
      replaceStale: Bool = false, backlog: Int32 = .max
    ) throws(IPCError) {
      let socket = try Socket<Style>()
      try socket.bind(to: address, permissions: permissions, applyUmask: applyUmask, replaceStale: replaceStale)
      try socket.listen(backlog: backlog)
      self.init(taking: socket.takeDescriptor())
    }

    /// Takes ownership of an inherited listening socket, and makes it close-on-exec.
    ///
    /// If the initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` if the socket is not listening; any error from
    ///   ``UnixSocket/Socket/init(adopting:)-(FileDescriptor)``.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      owned = try .adoptingSocket(descriptor, families: [AF_UNIX], type: Style.type, listening: true)
    }

    /// The open descriptor, owned and closed by this value.
    public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }

    /// The address on which the socket listens.
    ///
    /// Calls `getsockname(2)`.
    public var address: Address {
      get throws(IPCError) { Address(try SocketNames.address(of: descriptor, peer: false)) }
    }

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
    public func accept(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Socket<Style> {
      let accepted = try acceptWithAddress(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      return accepted.socket
    }

    /// Accepts a connection like ``accept(timeout:retryOnInterrupt:)``, and also returns its peer's address.
    public func acceptWithAddress(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> AcceptedConnection<Socket<Style>, Address> {
      var raw = cipc_address()
      let owned = try SocketNames.accept(
        on: descriptor, from: &raw, timeout, retryOnInterrupt: retryOnInterrupt)
      return AcceptedConnection(Socket(taking: owned), Address(raw))
    }

    /// Accepts the oldest pending connection, if any; otherwise returns nil.
    ///
    /// If processes share the listener, the call can wait: see ``accept(timeout:retryOnInterrupt:)``.
    ///
    /// Calls `accept4(2)`.
    public func tryAccept() throws(IPCError) -> Socket<Style>? {
      try nilIfWouldBlock { () throws(IPCError) in try accept(timeout: .immediate) }
    }
  }
}
