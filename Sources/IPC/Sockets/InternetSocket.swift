internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A socket of an internet protocol that does not listen: a ``TCP/Stream`` or a ``UDP/Socket``.
///
/// `ip(7)`, `ipv6(7)`.
public protocol InternetSocket: SocketProtocol, ~Copyable {
  var version: IPVersion { get }
}

extension InternetSocket where Self: ~Copyable {
  /// Binds the socket to an address of this machine.
  ///
  /// - Throws: ``IPCError`` with `.addressInUse`; `.addressNotAvailable` if the machine does not have it;
  ///   `.permissionDenied` for a port below 1024; `.invalidArgument` if the socket is bound.
  ///
  /// Calls `bind(2)`.
  public func bind(to address: SocketAddress) throws(IPCError) {
    try SocketNames.bind(descriptor, to: address.raw, on: .socketAddress(address))
  }

  /// The address of this socket; port 0 unless it is bound or connected.
  ///
  /// Calls `getsockname(2)`.
  public var address: SocketAddress {
    get throws(IPCError) { try SocketAddress(of: descriptor, peer: false) }
  }

  /// The address that this socket is connected to.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `getpeername(2)`.
  public var peerAddress: SocketAddress {
    get throws(IPCError) { try SocketAddress(of: descriptor, peer: true) }
  }

  /// Whether the socket can be bound to the address of another socket.
  ///
  /// For TCP, this allows binding to the address of a server that has just ended, if no socket listens there. For UDP,
  /// all sockets at the address must allow it: each of them receives every multicast datagram, and one of them receives
  /// any other datagram.
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

  /// Whether sockets of one user that all set this can share an address.
  ///
  /// The kernel distributes the load among them.
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

  /// Whether an IPv6 socket is restricted to IPv6.
  ///
  /// If not, it also serves IPv4, as addresses such as `::ffff:127.0.0.1`.
  ///
  /// - Throws: ``IPCError`` with `.notSupportedOnSocket` for an IPv4 socket.
  ///
  /// Calls `getsockopt(2)` with `IPV6_V6ONLY`.
  public var ipv6Only: Bool {
    get throws(IPCError) { try option(.getsockoptIPv6Only, IPV6_V6ONLY, level: Int32(IPPROTO_IPV6)) != 0 }
  }

  /// Sets ``ipv6Only``, before ``bind(to:)``.
  ///
  /// The default is a setting of the machine.
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

  /// Reads the IP version of an open internet socket.
  init(of descriptor: FileDescriptor) throws(IPCError) {
    self = try SocketOption.value(of: descriptor, .getsockoptDomain, SO_DOMAIN) == AF_INET ? .v4 : .v6
  }
}
