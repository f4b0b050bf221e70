internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Socket options.
let socketOptionOperations: [Peer.Operation] = [
  .init("getsockopt", "handle optname pidfd") { peer, parameters in
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
      let passes = try socket.use(as: UnixSocket.StreamStyle.self) { try $0.passCredentials }
      fields.append("optval", passes ? 1 : 0)
    case "SO_PASSPIDFD":
      let passes = try socket.use(as: UnixSocket.StreamStyle.self) { try $0.passProcess }
      fields.append("optval", passes ? 1 : 0)
    case "SO_RCVTIMEO": fields.append("optval", microseconds(try socket.receiveTimeLimit))
    case "SO_SNDTIMEO": fields.append("optval", microseconds(try socket.sendTimeLimit))
    case "SO_RCVLOWAT": fields.append("optval", try socket.receiveLowWaterMark)
    case "SO_PEEK_OFF":
      fields.append("optval", try socket.use(as: UnixSocket.StreamStyle.self) { try $0.peekOffset } ?? -1)
    case "SO_PEERCRED":
      fields.append(try socket.use(as: UnixSocket.StreamStyle.self) { try $0.peerCredentials })
    case "SO_PEERPIDFD":
      let name = try parameters.text("pidfd")
      try peer.handles.require(free: name)
      return try socket.use(as: UnixSocket.StreamStyle.self) { try peer.hold(try $0.peerProcess(), as: name) }
    case "SO_MEMINFO": fields.append("drops", try socket.datagrams { try $0.droppedDatagrams })
    default: fields.append("optval", try socket.internetOption(option))
    }
    return fields
  },

  .init("setsockopt", "handle optname optval interface") { peer, parameters in
    let socket = try peer.socket(parameters)
    let option = try parameters.text("optname")
    if try socket.setMulticast(option, parameters) { return Fields() }
    let value: Int = try parameters.integer("optval")
    switch option {
    case "SO_SNDBUF": try socket.setSendBufferSize(value)
    case "SO_RCVBUF": try socket.setReceiveBufferSize(value)
    case "SO_PASSCRED":
      try socket.use(as: UnixSocket.StreamStyle.self) { try $0.setPassCredentials(value != 0) }
    case "SO_PASSPIDFD":
      try socket.use(as: UnixSocket.StreamStyle.self) { try $0.setPassProcess(value != 0) }
    case "SO_PEEK_OFF":
      try socket.use(as: UnixSocket.StreamStyle.self) { try $0.setPeekOffset(value < 0 ? nil : value) }
    case "SO_RCVTIMEO": try socket.setReceiveTimeLimit(value == 0 ? nil : .microseconds(value))
    case "SO_SNDTIMEO": try socket.setSendTimeLimit(value == 0 ? nil : .microseconds(value))
    case "SO_RCVLOWAT": try socket.setReceiveLowWaterMark(value)
    default: try socket.setInternetOption(option, value)
    }
    return Fields()
  },
]

/// Returns a time limit in the protocol's form: microseconds, 0 for no limit.
private func microseconds(_ limit: Duration?) -> Int64 {
  guard let (seconds, attoseconds) = limit?.components else { return 0 }
  return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
}

/// TCP and UDP options, by their C names.
extension SocketHandle {
  func internetOption(_ name: String) throws -> Int {
    switch name {
    case "SO_REUSEADDR": try stream { try $0.reuseAddress ? 1 : 0 }
    case "SO_REUSEPORT": try stream { try $0.reusePort ? 1 : 0 }
    case "IPV6_V6ONLY": try stream { try $0.ipv6Only ? 1 : 0 }
    case "TCP_NODELAY": try stream { try $0.noDelay ? 1 : 0 }
    case "SO_KEEPALIVE": try stream { try $0.keepAlive ? 1 : 0 }
    case "TCP_KEEPIDLE": try stream { Int(try $0.keepAliveIdleTime.components.seconds) }
    case "TCP_KEEPINTVL": try stream { Int(try $0.keepAliveInterval.components.seconds) }
    case "TCP_KEEPCNT": try stream { try $0.keepAliveProbes }
    case "SO_LINGER": try stream { Int(try $0.lingerTime?.components.seconds ?? -1) }
    case "SO_BROADCAST": try datagrams { try $0.broadcast ? 1 : 0 }
    case "IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP": try datagrams { try $0.multicastLoop ? 1 : 0 }
    case "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS": try datagrams { try $0.multicastHops }
    default: throw Invalid("optname=\(name): this option does not exist here")
    }
  }

  func setInternetOption(_ name: String, _ value: Int) throws {
    switch name {
    case "SO_REUSEADDR": try stream { try $0.setReuseAddress(value != 0) }
    case "SO_REUSEPORT": try stream { try $0.setReusePort(value != 0) }
    case "IPV6_V6ONLY": try stream { try $0.setIPv6Only(value != 0) }
    case "TCP_NODELAY": try stream { try $0.setNoDelay(value != 0) }
    case "SO_KEEPALIVE": try stream { try $0.setKeepAlive(value != 0) }
    case "TCP_KEEPIDLE": try stream { try $0.setKeepAliveIdleTime(.seconds(value)) }
    case "TCP_KEEPINTVL": try stream { try $0.setKeepAliveInterval(.seconds(value)) }
    case "TCP_KEEPCNT": try stream { try $0.setKeepAliveProbes(value) }
    case "SO_LINGER": try stream { try $0.setLingerTime(value == -1 ? nil : .seconds(value)) }
    case "SO_BROADCAST": try datagrams { try $0.setBroadcast(value != 0) }
    case "IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP": try datagrams { try $0.setMulticastLoop(value != 0) }
    case "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS": try datagrams { try $0.setMulticastHops(value) }
    default: throw Invalid("optname=\(name): this option cannot be set here")
    }
  }

  /// Sets an option whose value is not a number; returns false for other options.
  func setMulticast(_ name: String, _ parameters: Parameters) throws -> Bool {
    switch name {
    case "IP_MULTICAST_IF", "IPV6_MULTICAST_IF":
      let interface = try parameters.interface("optval")
      try datagrams { try $0.setMulticastInterface(interface) }
    case "MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP":
      guard let group = IPAddress(try parameters.text("optval")) else {
        throw Invalid("optval: a numeric address expected")
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
}

extension Parameters {
  fileprivate func interface(_ key: String) throws -> UInt32 {
    let name = try text(key)
    let index = unsafe if_nametoindex(name)
    guard index != 0 else { throw Invalid("\(key)=\(name): this interface does not exist") }
    return index
  }
}
