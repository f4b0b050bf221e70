internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Broadcast and multicast.
extension UDP.Socket {
  /// Whether datagrams can be sent to broadcast addresses.
  ///
  /// Calls `getsockopt(2)` with `SO_BROADCAST`.
  public var broadcast: Bool {
    get throws(IPCError) { try option(.getsockoptBroadcast, SO_BROADCAST) != 0 }
  }

  /// Sets ``broadcast``.
  ///
  /// Calls `setsockopt(2)` with `SO_BROADCAST`.
  public func setBroadcast(_ broadcast: Bool) throws(IPCError) {
    try setOption(.setsockoptBroadcast, SO_BROADCAST, broadcast ? 1 : 0)
  }

  /// Joins a multicast group on one interface.
  ///
  /// - Parameters:
  ///   - group: A multicast address with the socket's IP version.
  ///   - interface: The interface index, as returned by `if_nametoindex(3)`; 0 lets the kernel choose.
  /// - Throws: ``IPCError`` with `.addressInUse` if the socket has already joined the group; `.invalidArgument` if the
  ///   address is not a multicast address; `.operationNotSupportedByDevice` if there is no such interface.
  ///
  /// Calls `setsockopt(2)` with `MCAST_JOIN_GROUP`.
  public func join(_ group: IPAddress, interface: UInt32 = 0) throws(IPCError) {
    try setMembership(.setsockoptJoinGroup, join: true, group, interface)
  }

  /// Leaves a multicast group.
  ///
  /// - Throws: ``IPCError`` with `.addressNotAvailable` if the socket has not joined the group.
  ///
  /// Calls `setsockopt(2)` with `MCAST_LEAVE_GROUP`.
  public func leave(_ group: IPAddress, interface: UInt32 = 0) throws(IPCError) {
    try setMembership(.setsockoptLeaveGroup, join: false, group, interface)
  }

  /// Sets the interface for sending multicast datagrams; 0 lets the kernel choose.
  ///
  /// Calls `setsockopt(2)` with `IP_MULTICAST_IF` or `IPV6_MULTICAST_IF`.
  public func setMulticastInterface(_ interface: UInt32) throws(IPCError) {
    let call = version == .v4 ? IPCError.Call.setsockoptMulticastInterface : .setsockoptMulticastInterfaceIPv6
    try Syscall.call(call, on: .descriptor(descriptor)) {
      cipc_internet_multicast_interface(descriptor.rawValue, version == .v4 ? 4 : 6, interface)
    }
  }

  /// Whether multicast datagrams are also delivered to members on this machine; true by default.
  ///
  /// Calls `getsockopt(2)` with `IP_MULTICAST_LOOP` or `IPV6_MULTICAST_LOOP`.
  public var multicastLoop: Bool {
    get throws(IPCError) {
      version == .v4
        ? try option(.getsockoptMulticastLoop, IP_MULTICAST_LOOP, level: level) != 0
        : try option(.getsockoptMulticastLoopIPv6, IPV6_MULTICAST_LOOP, level: level) != 0
    }
  }

  /// Sets ``multicastLoop``.
  ///
  /// Calls `setsockopt(2)` with `IP_MULTICAST_LOOP` or `IPV6_MULTICAST_LOOP`.
  public func setMulticastLoop(_ multicastLoop: Bool) throws(IPCError) {
    let value = multicastLoop ? 1 : 0
    if version == .v4 {
      try setOption(.setsockoptMulticastLoop, IP_MULTICAST_LOOP, value, level: level)
    } else {
      try setOption(.setsockoptMulticastLoopIPv6, IPV6_MULTICAST_LOOP, value, level: level)
    }
  }

  /// The maximum number of hops for a multicast datagram.
  ///
  /// The default, 1, confines datagrams to the local network.
  ///
  /// Calls `getsockopt(2)` with `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`.
  public var multicastHops: Int {
    get throws(IPCError) {
      version == .v4
        ? try option(.getsockoptMulticastTTL, IP_MULTICAST_TTL, level: level)
        : try option(.getsockoptMulticastHops, IPV6_MULTICAST_HOPS, level: level)
    }
  }

  /// Sets ``multicastHops``, at most 255; 0 confines multicast datagrams to this machine.
  ///
  /// Calls `setsockopt(2)` with `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`.
  public func setMulticastHops(_ hops: Int) throws(IPCError) {
    if version == .v4 {
      try setOption(.setsockoptMulticastTTL, IP_MULTICAST_TTL, hops, level: level)
    } else {
      try setOption(.setsockoptMulticastHops, IPV6_MULTICAST_HOPS, hops, level: level)
    }
  }

  private var level: Int32 { Int32(version == .v4 ? IPPROTO_IP : Int(IPPROTO_IPV6)) }

  private func setMembership(
    _ call: IPCError.Call, join: Bool, _ group: IPAddress, _ interface: UInt32
  ) throws(IPCError) {
    let address = SocketAddress(group, port: 0)
    var raw = address.raw
    try Syscall.call(call, on: .socketAddress(address)) {
      unsafe cipc_internet_membership(descriptor.rawValue, join ? 1 : 0, &raw, interface)
    }
  }
}
