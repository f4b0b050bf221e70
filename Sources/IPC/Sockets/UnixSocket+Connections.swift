internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket.Socket {
  /// Connects a socket to a listener, or a datagram socket to the receiver of its later datagrams.
  ///
  /// A connection is complete when it is in the listener's queue: the listener need not have accepted it.
  ///
  /// - Parameters:
  ///   - address: The path or abstract name of the listener or receiver.
  ///   - timeout: How long to wait. `poll(2)` does not report room in the queue of a listener, so if you set a
  ///     deadline, the function retries after pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call continues after a signal handler ran; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.connectionRefused` if no socket has the abstract name or listens at the address, or
  ///   if a path was left behind by a closed socket; `.noSuchFileOrDirectory` if there is no such path; `.timedOut` or,
  ///   for ``Timeout/immediate`` and non-blocking sockets, `.wouldBlock` if the listener's queue is full;
  ///   `.permissionDenied` without permission to write to the path; `.protocolWrongTypeForSocket`;
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
  /// Destroying the value closes the socket, which resets connections that have not been accepted yet. Its path stays
  /// until it is unlinked.
  public struct Listener<Style: UnixSocket.ConnectionStyle>: ~Copyable, Sendable, SocketProtocol, DescriptorOwner {
    let owned: OwnedDescriptor

    package init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Creates a socket, binds it, and listens.
    ///
    /// If `listen(2)` fails, which is not expected, the path stays, because it could already belong to another socket.
    ///
    /// - Parameters:
    ///   - address: The path or abstract name to listen at.
    ///   - permissions: The permissions of the path. Connecting requires the permission to write.
    ///   - applyUmask: Whether the process's umask removes permissions, as in C.
    ///   - replaceStale: Whether to replace a path that a process left behind when it died.
    ///   - backlog: The number of connections that can wait to be accepted, minus one; at most
    ///     `/proc/sys/net/core/somaxconn`.
    /// - Throws: The errors of ``UnixSocket/Socket/bind(to:permissions:applyUmask:replaceStale:)``.
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

    /// Takes ownership of a listening socket that this process inherited, and makes it close-on-exec.
    ///
    /// If it throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` if it does not listen; and the errors of
    ///   ``UnixSocket/Socket/init(adopting:)-(FileDescriptor)``.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      owned = try .adoptingSocket(descriptor, families: [AF_UNIX], type: Style.type, listening: true)
    }

    /// The open descriptor, which this value owns and closes.
    public var descriptor: FileDescriptor { owned.descriptor }
    /// Passes the descriptor on to a new owner.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }

    /// The address at which it listens.
    ///
    /// Calls `getsockname(2)`.
    public var address: Address {
      get throws(IPCError) { Address(try SocketNames.address(of: descriptor, peer: false)) }
    }

    /// Accepts the oldest pending connection, or waits for one if there is none.
    ///
    /// The connection is blocking, even if the listener is not.
    ///
    /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate`` and non-blocking listeners, `.wouldBlock`;
    ///   `.tooManyOpenFiles`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
    ///
    /// Calls `accept4(2)`; `ppoll(2)` to wait until a deadline.
    public func accept(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> Socket<Style> {
      let accepted = try acceptWithAddress(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      return accepted.socket
    }

    /// Accepts a connection like ``accept(timeout:retryOnInterrupt:)``, and also returns the address of its peer.
    public func acceptWithAddress(
      timeout: Timeout = .never, retryOnInterrupt: Bool = true
    ) throws(IPCError) -> AcceptedConnection<Socket<Style>, Address> {
      var raw = cipc_address()
      let owned = try SocketNames.accept(
        on: descriptor, from: &raw, timeout, retryOnInterrupt: retryOnInterrupt)
      return AcceptedConnection(Socket(taking: owned), Address(raw))
    }

    /// Accepts the oldest pending connection; nil if there is none.
    ///
    /// Calls `accept4(2)`.
    public func tryAccept() throws(IPCError) -> Socket<Style>? {
      try nilIfWouldBlock { () throws(IPCError) in try accept(timeout: .immediate) }
    }
  }
}
