internal import CIPC
internal import Glibc
public import SystemPackage

extension TCP {
  /// A socket that others connect to. It is closed when its owner goes.
  public struct Listener: ~Copyable, Sendable, SocketEnd {
    let owned: OwnedDescriptor
    public let version: IPVersion

    package init(taking owned: consuming OwnedDescriptor, _ version: IPVersion) {
      self.owned = owned
      self.version = version
    }

    /// Makes a socket, binds it, and listens.
    ///
    /// - Parameters:
    ///   - reusingAddress: Whether an address is taken at which connections of an earlier server are still on their way out.
    ///     One at which somebody listens is never taken by that.
    ///   - sharingPort: Whether others who ask for the same listen at the address as well.
    ///   - ipv6Only: Whether IPv6 addresses are for IPv6 alone; nil leaves it to the machine.
    ///   - backlog: How many more than one may wait to be accepted, at most `/proc/sys/net/core/somaxconn`.
    /// - Throws: As ``InternetEnd/bind(to:)``.
    public init(
      at address: SocketAddress, reusingAddress: Bool = true, sharingPort: Bool = false, ipv6Only: Bool? = nil,
      backlog: Int32 = .max
    ) throws(IPCError) {
      let version = address.address.version
      let socket = try Stream(version)
      if reusingAddress { try socket.setReusesAddress(true) }
      if sharingPort { try socket.setSharesPort(true) }
      if let ipv6Only { try socket.setIPv6Only(ipv6Only) }
      try socket.bind(to: address)
      try socket.listen(backlog: backlog)
      self.init(taking: OwnedDescriptor(taking: socket.release()), version)
    }

    /// Takes over a listening socket that this process was started with, and makes it close-on-exec.
    ///
    /// - Throws: ``IPCError`` with `.invalidArgument` when it does not listen. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let version = try IPVersion(adopting: descriptor, type: TCP.type, listening: true)
      self.init(taking: OwnedDescriptor(taking: descriptor), version)
    }

    public var descriptor: FileDescriptor { owned.descriptor }

    /// Those who wait to be accepted learn that the connection is over.
    ///
    /// Calls `close(2)`.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }

    /// Where it listens: with the port that the kernel has chosen, if it was to.
    ///
    /// Calls `getsockname(2)`.
    public var address: SocketAddress {
      get throws(IPCError) { try SocketAddress.of(descriptor, peer: false) }
    }
  }

  /// What came of accepting.
  @frozen
  public enum AcceptResult: ~Copyable {
    /// A connection, and where the other side is.
    case accepted(Stream, from: SocketAddress)
    /// Nobody waits, and either there was no patience, or the listener is non-blocking.
    case wouldBlock
    /// Nobody came until the deadline.
    case timedOut
  }
}

extension TCP.Stream {
  /// Lets others connect to this socket.
  ///
  /// Calls `listen(2)`.
  package func listen(backlog: Int32) throws(IPCError) {
    try Kernel.call("listen", on: .descriptor(descriptor)) { Glibc.listen(descriptor.rawValue, backlog) }
  }
}

extension TCP.Listener {
  /// Accepts the oldest connection that waits, and waits for one. It is blocking, whatever the listener is.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`, or `Errno.interrupted` where that was asked for.
  ///
  /// Calls `accept4(2)`, and `ppoll(2)` to wait until a deadline.
  public func accept(
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> TCP.AcceptResult {
    var raw = cipc_internet_address()
    switch try accept(patience, interruption, { unsafe cipc_internet_accept(descriptor.rawValue, &raw) }) {
    case .accepted(let owned): return .accepted(TCP.Stream(taking: owned, version), from: SocketAddress(raw))
    case .wouldBlock: return .wouldBlock
    case .timedOut: return .timedOut
    }
  }
}
