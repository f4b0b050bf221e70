internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Options of sockets of every domain.
let socketOptionOperations: [Peer.Operation] = [
  .init("getsockopt") { peer, parameters in
    let socket = try peer.socket(parameters)
    let option = try parameters.text("optname")
    var fields = Fields()
    switch option {
    case "SO_TYPE": fields.append("optval", socketTypeNames[socket.type] ?? "\(socket.type)")
    case "SO_ERROR": fields.append("optval", try socket.takePendingError()?.rawValue ?? 0)
    case "SO_ACCEPTCONN": fields.append("optval", try socket.isListening ? 1 : 0)
    case "SO_SNDBUF": fields.append("optval", try socket.sendBufferSize)
    case "SO_RCVBUF": fields.append("optval", try socket.receiveBufferSize)
    case "SO_PASSCRED":
      let receives = try socket.use(as: UnixSocket.StreamStyle.self) { try $0.receivesCredentials }
      fields.append("optval", receives ? 1 : 0)
    case "SO_PEERCRED":
      fields.append(try socket.use(as: UnixSocket.StreamStyle.self) { try $0.peerCredentials })
    case "SO_PEERPIDFD":
      let name = try parameters.text("pidfd")
      try peer.handles.require(free: name)
      let process = try socket.use(as: UnixSocket.StreamStyle.self) { try $0.peerProcess().release() }
      return try peer.hold(try ProcessDescriptor(adopting: process), as: name)
    case "SO_MEMINFO": fields.append("drops", try socket.datagrams { try $0.droppedDatagrams })
    default: fields.append("optval", try socket.internetOption(option))
    }
    return fields
  },

  .init("setsockopt") { peer, parameters in
    let socket = try peer.socket(parameters)
    let option = try parameters.text("optname")
    if try socket.setMulticast(option, parameters) { return Fields() }
    let value: Int = try parameters.integer("optval")
    switch option {
    case "SO_SNDBUF": try socket.setSendBufferSize(value)
    case "SO_RCVBUF": try socket.setReceiveBufferSize(value)
    case "SO_PASSCRED":
      try socket.use(as: UnixSocket.StreamStyle.self) { try $0.setReceivesCredentials(value != 0) }
    default: try socket.setInternetOption(option, value)
    }
    return Fields()
  },
]

/// Those of TCP and UDP, by the names that C has for them.
extension SocketHandle {
  func internetOption(_ name: String) throws -> Int {
    switch name {
    case "SO_REUSEADDR": try stream { try $0.reusesAddress ? 1 : 0 }
    case "SO_REUSEPORT": try stream { try $0.sharesPort ? 1 : 0 }
    case "IPV6_V6ONLY": try stream { try $0.isIPv6Only ? 1 : 0 }
    case "TCP_NODELAY": try stream { try $0.hasNoDelay ? 1 : 0 }
    case "SO_KEEPALIVE": try stream { try $0.isKeptAlive ? 1 : 0 }
    case "TCP_KEEPIDLE": try stream { Int(try $0.keepAliveIdleTime.components.seconds) }
    case "TCP_KEEPINTVL": try stream { Int(try $0.keepAliveInterval.components.seconds) }
    case "TCP_KEEPCNT": try stream { try $0.keepAliveProbes }
    case "SO_LINGER": try stream { Int(try $0.lingerTime?.components.seconds ?? -1) }
    case "SO_BROADCAST": try datagrams { try $0.broadcasts ? 1 : 0 }
    case "IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP": try datagrams { try $0.multicastsToSelf ? 1 : 0 }
    case "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS": try datagrams { try $0.multicastHops }
    case "SO_RCVTIMEO": try receiveTimeout()
    default: throw Invalid("optname=\(name): there is no such option here")
    }
  }

  func setInternetOption(_ name: String, _ value: Int) throws {
    switch name {
    case "SO_REUSEADDR": try stream { try $0.setReusesAddress(value != 0) }
    case "SO_REUSEPORT": try stream { try $0.setSharesPort(value != 0) }
    case "IPV6_V6ONLY": try stream { try $0.setIPv6Only(value != 0) }
    case "TCP_NODELAY": try stream { try $0.setNoDelay(value != 0) }
    case "SO_KEEPALIVE": try stream { try $0.setKeptAlive(value != 0) }
    case "TCP_KEEPIDLE": try stream { try $0.setKeepAliveIdleTime(.seconds(value)) }
    case "TCP_KEEPINTVL": try stream { try $0.setKeepAliveInterval(.seconds(value)) }
    case "TCP_KEEPCNT": try stream { try $0.setKeepAliveProbes(value) }
    case "SO_LINGER": try stream { try $0.setLingerTime(value == -1 ? nil : .seconds(value)) }
    case "SO_BROADCAST": try datagrams { try $0.setBroadcasts(value != 0) }
    case "IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP": try datagrams { try $0.setMulticastsToSelf(value != 0) }
    case "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS": try datagrams { try $0.setMulticastHops(value) }
    default: throw Invalid("optname=\(name): there is no such option to set here")
    }
  }

  /// Those whose values are no numbers; false for another.
  func setMulticast(_ name: String, _ parameters: Parameters) throws -> Bool {
    switch name {
    case "IP_MULTICAST_IF", "IPV6_MULTICAST_IF":
      let interface = try parameters.interface("optval")
      try datagrams { try $0.setMulticastInterface(interface) }
    case "MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP":
      guard let group = IPAddress(try parameters.text("optval")) else {
        throw Invalid("optval: an address in numbers expected")
      }
      let interface = try parameters.interface("interface")
      try datagrams {
        try name == "MCAST_JOIN_GROUP"
          ? $0.join(group, interface: interface) : $0.leave(group, interface: interface)
      }
    default: return false
    }
    return true
  }

  /// In microseconds. The library has no such option: it is asked whether it has left one behind.
  private func receiveTimeout() throws -> Int {
    var value = timeval()
    var size = socklen_t(MemoryLayout<timeval>.size)
    guard unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &value, &size) == 0 else {
      throw Failure(Errno(rawValue: errno))
    }
    return value.tv_sec * 1_000_000 + Int(value.tv_usec)
  }
}

extension Parameters {
  fileprivate func interface(_ key: String) throws -> UInt32 {
    let name = try text(key)
    let index = unsafe if_nametoindex(name)
    guard index != 0 else { throw Invalid("\(key)=\(name): there is no such interface") }
    return index
  }
}
