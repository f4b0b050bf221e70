internal import CIPC
internal import Glibc
public import SystemPackage

extension UnixSocket {
  /// A socket that others connect to. It is closed when its owner goes; its path stays until it is unlinked.
  public struct Listener<Style: UnixSocket.Connecting>: ~Copyable, Sendable, SocketEnd {
    let owned: OwnedDescriptor

    package init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Makes a socket, binds it, and listens.
    ///
    /// - Parameters: As of ``UnixSocket/End/bind(to:permissions:umask:stale:)`` and ``UnixSocket/End/listen(backlog:)``.
    public init(
      at address: Address, permissions: FilePermissions = [.ownerReadWrite], umask: Umask = .overridden,
      stale: StalePath = .kept, backlog: Int32 = .max
    ) throws(IPCError) {
      let socket = try End<Style>()
      try socket.bind(to: address, permissions: permissions, umask: umask, stale: stale)
      do {
        try socket.listen(backlog: backlog)
      } catch {
        // What this made in vain, nobody else would remove.
        try? address.unlink()
        throw error
      }
      owned = OwnedDescriptor(taking: socket.release())
    }

    /// Takes over a listening socket that this process was started with, and makes it close-on-exec.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` when it does not listen. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      try SocketAdoption.check(descriptor, domains: [AF_UNIX], type: Style.type, listening: true)
      owned = OwnedDescriptor(taking: descriptor)
    }

    public var descriptor: FileDescriptor { owned.descriptor }

    /// Those who wait to be accepted learn that the connection is over.
    ///
    /// Calls `close(2)`.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }

    /// Where it listens.
    ///
    /// Calls `getsockname(2)`.
    public var address: Address {
      get throws(IPCError) { try UnixSocket.name(of: descriptor, peer: false) }
    }
  }

  /// What came of accepting.
  @frozen
  public enum AcceptResult<Style: UnixSocket.Connecting>: ~Copyable {
    /// A connection, and the name of the socket on the other side, which mostly has none.
    case accepted(End<Style>, from: Address)
    /// Nobody waits, and either there was no patience, or the listener is non-blocking.
    case wouldBlock
    /// Nobody came until the deadline.
    case timedOut
  }
}

extension UnixSocket.End where Style: UnixSocket.Connecting {
  /// Lets others connect to this socket.
  ///
  /// - Parameter backlog: How many more than one may wait to be accepted, at most `/proc/sys/net/core/somaxconn`.
  ///
  /// Calls `listen(2)`.
  package func listen(backlog: Int32) throws(IPCError) {
    try Kernel.call("listen", on: .descriptor(descriptor)) { Glibc.listen(descriptor.rawValue, backlog) }
  }
}

extension UnixSocket.Listener {
  /// Accepts the oldest connection that waits, and waits for one. It is blocking, whatever the listener is.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `accept4(2)`, and `ppoll(2)` to wait until a deadline.
  public func accept(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.AcceptResult<Style> {
    var raw = cipc_unix_address()
    switch try accept(patience, interruption, { unsafe cipc_unix_accept(descriptor.rawValue, &raw) }) {
    case .accepted(let owned): return .accepted(UnixSocket.End(taking: owned), from: UnixSocket.Address(raw))
    case .wouldBlock: return .wouldBlock
    case .timedOut: return .timedOut
    }
  }
}
