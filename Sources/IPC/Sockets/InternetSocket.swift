internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An internet socket that does not listen: a ``TCP/Stream`` or a ``UDP/Socket``.
///
/// `ip(7)`, `ipv6(7)`.
public protocol InternetSocket: SocketProtocol, ~Copyable {
  /// The IP version of the socket, chosen at creation.
  var version: IPVersion { get }
}

extension InternetSocket where Self: ~Copyable {
  /// Binds the socket to a local address.
  ///
  /// - Throws: ``IPCError`` with `.addressInUse`; `.addressNotAvailable` if the address is not local;
  ///   `.permissionDenied` if the port is below 1024 and the process is unprivileged; `.invalidArgument` if the socket
  ///   is already bound.
  ///
  /// Calls `bind(2)`.
  public func bind(to address: SocketAddress) throws(IPCError) {
    try SocketNames.bind(descriptor, to: address.raw, on: .socketAddress(address))
  }

  /// The socket's address; port 0 unless the socket is bound or connected.
  ///
  /// Calls `getsockname(2)`.
  public var address: SocketAddress {
    get throws(IPCError) { try SocketAddress(of: descriptor, peer: false) }
  }

  /// The address to which this socket is connected.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `getpeername(2)`.
  public var peerAddress: SocketAddress {
    get throws(IPCError) { try SocketAddress(of: descriptor, peer: true) }
  }

  /// Whether the socket can be bound to another socket's address.
  ///
  /// For TCP, this allows a program to bind to the address of a server that has just exited, unless a socket is still
  /// listening there. For UDP, all sockets at the address must set this option. Each socket then receives every
  /// multicast datagram, but only one of them receives each unicast datagram.
  ///
  /// Calls `getsockopt(2)` with `SO_REUSEADDR`.
  public var reuseAddress: Bool {
    get throws(IPCError) { try option(.getsockoptReuseAddress, SO_REUSEADDR) != 0 }
  }

  /// Sets ``reuseAddress``, before ``bind(to:)``.
  ///
  /// Calls `setsockopt(2)` with `SO_REUSEADDR`.
  public func setReuseAddress(_ reuseAddress: Bool) throws(IPCError) {
    try setOption(.setsockoptReuseAddress, SO_REUSEADDR, reuseAddress ? 1 : 0)
  }

  /// Whether several sockets can share an address; all of them must set this option and belong to the same user.
  ///
  /// The kernel distributes connections and datagrams among the sockets.
  ///
  /// Calls `getsockopt(2)` with `SO_REUSEPORT`.
  public var reusePort: Bool {
    get throws(IPCError) { try option(.getsockoptReusePort, SO_REUSEPORT) != 0 }
  }

  /// Sets ``reusePort``, before ``bind(to:)``.
  ///
  /// Calls `setsockopt(2)` with `SO_REUSEPORT`.
  public func setReusePort(_ reusePort: Bool) throws(IPCError) {
    try setOption(.setsockoptReusePort, SO_REUSEPORT, reusePort ? 1 : 0)
  }

  /// Whether an IPv6 socket is restricted to IPv6 traffic.
  ///
  /// If false, the socket also serves IPv4, with addresses such as `::ffff:127.0.0.1`.
  ///
  /// - Throws: ``IPCError`` with `.notSupportedOnSocket` if this is an IPv4 socket.
  ///
  /// Calls `getsockopt(2)` with `IPV6_V6ONLY`.
  public var ipv6Only: Bool {
    get throws(IPCError) { try option(.getsockoptIPv6Only, IPV6_V6ONLY, level: Int32(IPPROTO_IPV6)) != 0 }
  }

  /// Sets ``ipv6Only``, before ``bind(to:)``.
  ///
  /// The default comes from `/proc/sys/net/ipv6/bindv6only`.
  ///
  /// Calls `setsockopt(2)` with `IPV6_V6ONLY`.
  public func setIPv6Only(_ ipv6Only: Bool) throws(IPCError) {
    try setOption(.setsockoptIPv6Only, IPV6_V6ONLY, ipv6Only ? 1 : 0, level: Int32(IPPROTO_IPV6))
  }
}

extension SocketAddress {
  init(of descriptor: FileDescriptor, peer: Bool) throws(IPCError) {
    guard let address = SocketAddress(try SocketNames.address(of: descriptor, peer: peer)) else {
      throw IPCError(peer ? .getPeerName : .getSocketName, .addressFamilyNotSupported, on: .descriptor(descriptor))
    }
    self = address
  }
}

extension IPVersion {
  var family: Int32 { self == .v4 ? AF_INET : AF_INET6 }

  /// Creates a value from the IP version of an open internet socket.
  init(of descriptor: FileDescriptor) throws(IPCError) {
    self = try SocketOption.value(of: descriptor, .getsockoptDomain, SO_DOMAIN) == AF_INET ? .v4 : .v6
  }
}
