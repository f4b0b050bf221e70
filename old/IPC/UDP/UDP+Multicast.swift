internal import CIPC
internal import Glibc
internal import SystemPackage

/// To more than one receiver: broadcast, and multicast.
extension UDP.Socket {
  /// Whether datagrams may be sent to broadcast addresses.
  ///
  /// Calls `getsockopt(2)` with `SO_BROADCAST`.
  public var broadcasts: Bool {
    get throws(IPCError) { try option("getsockopt SO_BROADCAST", SO_BROADCAST) != 0 }
  }

  /// Calls `setsockopt(2)` with `SO_BROADCAST`.
  public func setBroadcasts(_ broadcasts: Bool) throws(IPCError) {
    try setOption("setsockopt SO_BROADCAST", SO_BROADCAST, broadcasts ? 1 : 0)
  }

  /// Receives what is sent to a group, on one interface.
  ///
  /// - Parameter interface: Its number, as `if_nametoindex(3)` has it; 0 lets the kernel choose.
  /// - Throws: ``IPCError`` with `.addressInUse` when it has joined before, `.invalidArgument` for what is no group,
  ///   `.operationNotSupportedByDevice` without such an interface.
  ///
  /// Calls `setsockopt(2)` with `MCAST_JOIN_GROUP`.
  public func join(_ group: IPAddress, interface: UInt32 = 0) throws(IPCError) {
    try membership("setsockopt MCAST_JOIN_GROUP", join: true, group, interface)
  }

  /// - Throws: ``IPCError`` with `.addressNotAvailable` when it has not joined.
  ///
  /// Calls `setsockopt(2)` with `MCAST_LEAVE_GROUP`.
  public func leave(_ group: IPAddress, interface: UInt32 = 0) throws(IPCError) {
    try membership("setsockopt MCAST_LEAVE_GROUP", join: false, group, interface)
  }

  /// Sends to groups by one interface; 0 lets the kernel choose.
  ///
  /// Calls `setsockopt(2)` with `IP_MULTICAST_IF`, or `IPV6_MULTICAST_IF`.
  public func setMulticastInterface(_ interface: UInt32) throws(IPCError) {
    try Kernel.call(named("setsockopt IP_MULTICAST_IF", "setsockopt IPV6_MULTICAST_IF"), on: .descriptor(descriptor)) {
      cipc_internet_multicast_interface(descriptor.rawValue, version == .v4 ? 4 : 6, interface)
    }
  }

  /// Whether what is sent to a group goes to members on this machine as well. At first it does.
  ///
  /// Calls `getsockopt(2)` with `IP_MULTICAST_LOOP`, or `IPV6_MULTICAST_LOOP`.
  public var multicastsToSelf: Bool {
    get throws(IPCError) {
      try option(named("getsockopt IP_MULTICAST_LOOP", "getsockopt IPV6_MULTICAST_LOOP"), loopOption, level: level) != 0
    }
  }

  /// Calls `setsockopt(2)` with `IP_MULTICAST_LOOP`, or `IPV6_MULTICAST_LOOP`.
  public func setMulticastsToSelf(_ loops: Bool) throws(IPCError) {
    try setOption(
      named("setsockopt IP_MULTICAST_LOOP", "setsockopt IPV6_MULTICAST_LOOP"), loopOption, loops ? 1 : 0, level: level)
  }

  /// How many networks what is sent to a group may pass through. At first 1: it stays in this one.
  ///
  /// Calls `getsockopt(2)` with `IP_MULTICAST_TTL`, or `IPV6_MULTICAST_HOPS`.
  public var multicastHops: Int {
    get throws(IPCError) {
      try option(named("getsockopt IP_MULTICAST_TTL", "getsockopt IPV6_MULTICAST_HOPS"), hopsOption, level: level)
    }
  }

  /// - Parameter hops: At most 255. With 0 it stays in this machine.
  ///
  /// Calls `setsockopt(2)` with `IP_MULTICAST_TTL`, or `IPV6_MULTICAST_HOPS`.
  public func setMulticastHops(_ hops: Int) throws(IPCError) {
    try setOption(
      named("setsockopt IP_MULTICAST_TTL", "setsockopt IPV6_MULTICAST_HOPS"), hopsOption, hops, level: level)
  }

  private func named(_ v4: String, _ v6: String) -> String { version == .v4 ? v4 : v6 }
  private var level: Int32 { Int32(version == .v4 ? IPPROTO_IP : Int(IPPROTO_IPV6)) }
  private var loopOption: Int32 { version == .v4 ? IP_MULTICAST_LOOP : IPV6_MULTICAST_LOOP }
  private var hopsOption: Int32 { version == .v4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS }

  private func membership(
    _ call: String, join: Bool, _ group: IPAddress, _ interface: UInt32
  ) throws(IPCError) {
    let address = SocketAddress(group, port: 0)
    var raw = address.raw
    try Kernel.call(call, on: .name("\(group)")) {
      unsafe cipc_internet_membership(descriptor.rawValue, join ? 1 : 0, &raw, interface)
    }
  }
}
