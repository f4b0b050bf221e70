internal import CIPC
internal import Glibc
internal import SystemPackage

/// A socket of the internet protocols that does not listen: of ``TCP``, or of ``UDP``.
public protocol InternetEnd: SocketEnd, ~Copyable {
  var version: IPVersion { get }
}

extension InternetEnd where Self: ~Copyable {
  /// Gives the socket an address of this machine.
  ///
  /// - Throws: ``IPCError`` with `.addressInUse`, `.addressNotAvailable` for one that is not this machine's,
  ///   `.permissionDenied` for a port below 1024, `.invalidArgument` when it has one.
  ///
  /// Calls `bind(2)`.
  public func bind(to address: SocketAddress) throws(IPCError) {
    var raw = address.raw
    try Kernel.call("bind", on: address.object) { unsafe cipc_internet_bind(descriptor.rawValue, &raw) }
  }

  /// Where this socket is; port 0 as long as it has none.
  ///
  /// Calls `getsockname(2)`.
  public var address: SocketAddress {
    get throws(IPCError) { try SocketAddress.of(descriptor, peer: false) }
  }

  /// Where that is which this socket is connected to.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `getpeername(2)`.
  public var peerAddress: SocketAddress {
    get throws(IPCError) { try SocketAddress.of(descriptor, peer: true) }
  }

  /// Whether this socket may take an address that another one has; set it before ``bind(to:)``.
  ///
  /// Of TCP, that is one that no socket listens at, such as that of a server that has just ended; of UDP, one whose
  /// owners all allow it: each gets what is multicast, and one of them what is not.
  ///
  /// Calls `getsockopt(2)` with `SO_REUSEADDR`.
  public var reusesAddress: Bool {
    get throws(IPCError) { try option("getsockopt SO_REUSEADDR", SO_REUSEADDR) != 0 }
  }

  /// Calls `setsockopt(2)` with `SO_REUSEADDR`.
  public func setReusesAddress(_ reuses: Bool) throws(IPCError) {
    try setOption("setsockopt SO_REUSEADDR", SO_REUSEADDR, reuses ? 1 : 0)
  }

  /// Whether several sockets, all of which ask for this and belong to one user, share an address. What comes is
  /// distributed among them.
  ///
  /// Calls `getsockopt(2)` with `SO_REUSEPORT`.
  public var sharesPort: Bool {
    get throws(IPCError) { try option("getsockopt SO_REUSEPORT", SO_REUSEPORT) != 0 }
  }

  /// Calls `setsockopt(2)` with `SO_REUSEPORT`.
  public func setSharesPort(_ shares: Bool) throws(IPCError) {
    try setOption("setsockopt SO_REUSEPORT", SO_REUSEPORT, shares ? 1 : 0)
  }

  /// Whether an IPv6 socket is for IPv6 alone, and not for IPv4 by addresses such as `::ffff:127.0.0.1`.
  ///
  /// - Throws: ``IPCError`` with `.notSupportedOnSocket` for a socket of IPv4.
  ///
  /// Calls `getsockopt(2)` with `IPV6_V6ONLY`.
  public var isIPv6Only: Bool {
    get throws(IPCError) { try option("getsockopt IPV6_V6ONLY", IPV6_V6ONLY, level: Int32(IPPROTO_IPV6)) != 0 }
  }

  /// To be set before ``bind(to:)``; what it is without, the machine says.
  ///
  /// Calls `setsockopt(2)` with `IPV6_V6ONLY`.
  public func setIPv6Only(_ only: Bool) throws(IPCError) {
    try setOption("setsockopt IPV6_V6ONLY", IPV6_V6ONLY, only ? 1 : 0, level: Int32(IPPROTO_IPV6))
  }
}

extension SocketAddress {
  static func of(_ descriptor: FileDescriptor, peer: Bool) throws(IPCError) -> SocketAddress {
    var raw = cipc_internet_address()
    try Kernel.call(peer ? "getpeername" : "getsockname", on: .descriptor(descriptor)) {
      unsafe cipc_internet_name(descriptor.rawValue, peer ? 1 : 0, &raw)
    }
    return SocketAddress(raw)
  }
}

extension IPVersion {
  /// Makes a socket that is neither bound nor connected.
  func makeSocket(type: Int32) throws(IPCError) -> OwnedDescriptor {
    let number = try Kernel.call("socket") { cipc_internet_socket(self == .v4 ? 4 : 6, type) }
    return OwnedDescriptor(taking: FileDescriptor(rawValue: number))
  }

  /// That of a socket of this type that is taken over.
  init(adopting descriptor: FileDescriptor, type: Int32, listening: Bool = false) throws(IPCError) {
    let domain = try SocketAdoption.check(
      descriptor, domains: [AF_INET, AF_INET6], type: type, listening: listening)
    self = domain == AF_INET ? .v4 : .v6
  }
}
