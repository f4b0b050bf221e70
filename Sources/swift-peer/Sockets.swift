internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Creating, binding and connecting sockets.
let socketOperations: [Peer.Operation] = [
  .init("socket", "handle domain type") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let (version, type, nonBlocking) = try parameters.socketType()
    let handle: SocketHandle =
      switch (type, version) {
      case (SOCK_DGRAM, let version?): SocketHandle(try UDP.Socket(version))
      case (SOCK_STREAM, let version?): SocketHandle(try TCP.Stream(version))
      case (_, _?): throw Failure(Errno(rawValue: ESOCKTNOSUPPORT))
      case (SOCK_DGRAM, nil): SocketHandle(try UnixSocket.Datagram())
      case (SOCK_SEQPACKET, nil): SocketHandle(try UnixSocket.SequencedPacket())
      default: SocketHandle(try UnixSocket.Stream())
      }
    if nonBlocking { try handle.setNonBlocking(true) }
    try peer.handles.add(handle, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    return fields
  },

  .init("socketpair", "first second domain type") { peer, parameters in
    let (first, second) = (try parameters.text("first"), try parameters.text("second"))
    try peer.handles.require(free: first, second)
    let (version, type, nonBlocking) = try parameters.socketType()
    guard version == nil else { throw Failure(.notSupportedOnSocket) }
    let handles =
      switch type {
      case SOCK_DGRAM: try pair(of: UnixSocket.DatagramStyle.self)
      case SOCK_SEQPACKET: try pair(of: UnixSocket.SequencedPacketStyle.self)
      default: try pair(of: UnixSocket.StreamStyle.self)
      }
    for handle in handles where nonBlocking { try handle.setNonBlocking(true) }
    try peer.handles.add(handles[0], as: first)
    try peer.handles.add(handles[1], as: second)
    var fields = Fields()
    fields.append("fd", handles.map { "\($0.descriptor.rawValue)" }.joined(separator: ","))
    return fields
  },

  .init("bind", "handle path abstract autobind address port mode replace") { peer, parameters in
    let address = try parameters.address()
    let exact = parameters.has("mode")
    // As in C, without a mode the path has all permissions that the umask allows.
    let permissions = try parameters.permissions(default: FilePermissions(rawValue: 0o777))
    let replaceStale = try parameters.isSet("replace")
    let socket = try peer.socket(parameters)
    switch address {
    case .internet(let address): try socket.stream { try $0.bind(to: address) }
    case .unix(let address):
      try socket.use(as: UnixSocket.StreamStyle.self) {
        try $0.bind(to: address, permissions: permissions, applyUmask: !exact, replaceStale: replaceStale)
      }
    }
    return Fields()
  },

  .init("listen", "handle backlog") { peer, parameters in
    let backlog: Int32 = try parameters.integer("backlog", default: .max)
    try peer.socket(parameters).use(as: UnixSocket.StreamStyle.self) { try $0.listen(backlog: backlog) }
    return Fields()
  },

  .init("accept4", "handle connection flags timeout eintr") { peer, parameters in
    let name = try parameters.text("connection")
    try peer.handles.require(free: name)
    let nonBlocking = try parameters.flags("flags", of: acceptFlags, default: 0) & SOCK_NONBLOCK != 0
    let socket = try peer.socket(parameters)
    let (handle, address) =
      switch socket.type {
      case _ where socket.version != nil: try socket.acceptStream(parameters)
      case SOCK_SEQPACKET: try socket.listener(of: UnixSocket.SequencedPacketStyle.self) { try accept($0, parameters) }
      default: try socket.listener(of: UnixSocket.StreamStyle.self) { try accept($0, parameters) }
      }
    if nonBlocking { try handle.setNonBlocking(true) }
    try peer.handles.add(handle, as: name)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    fields.append(address)
    return fields
  },

  .init("connect", "handle path abstract address port disconnect timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    let timeout = try parameters.timeout()
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    if try parameters.isSet("disconnect") {
      switch (socket.type, socket.version) {
      case (SOCK_DGRAM, nil): try socket.use(as: UnixSocket.DatagramStyle.self) { try $0.disconnect() }
      case (SOCK_DGRAM, _?): try socket.datagrams { try $0.disconnect() }
      case (_, _?): try socket.stream { try $0.disconnect() }
      default: throw Invalid("a connection of Unix domain sockets cannot be dissolved")
      }
      return Fields()
    }
    switch try parameters.address() {
    case .internet(let address) where socket.type == SOCK_DGRAM:
      try socket.datagrams { try $0.connect(to: address) }
    case .internet(let address):
      try socket.stream { try $0.connect(to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt) }
    case .unix(let address):
      try socket.use(as: UnixSocket.StreamStyle.self) {
        try $0.connect(to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    }
    return Fields()
  },

  .init("shutdown", "handle how") { peer, parameters in
    let direction: ShutdownDirection =
      switch try parameters.text("how") {
      case "SHUT_RD": .receiving
      case "SHUT_WR": .sending
      case "SHUT_RDWR": .both
      case let other: throw Invalid("how=\(other): SHUT_RD, SHUT_WR or SHUT_RDWR expected")
      }
    try peer.socket(parameters).shutDown(direction)
    return Fields()
  },

  .init("getsockname", "handle") { peer, parameters in
    var fields = Fields()
    fields.append(try peer.socket(parameters).name())
    return fields
  },

  .init("getpeername", "handle") { peer, parameters in
    var fields = Fields()
    fields.append(try peer.socket(parameters).peerName())
    return fields
  },
]

private func pair<Style: UnixSocket.Style>(of style: Style.Type) throws -> [SocketHandle] {
  let pair = try UnixSocket.Pair<Style>()
  return [SocketHandle(pair.first), SocketHandle(pair.second)]
}

private func accept<Style: UnixSocket.ConnectionStyle>(
  _ listener: borrowing UnixSocket.Listener<Style>, _ parameters: Parameters
) throws -> (SocketHandle, PeerAddress) {
  let accepted = try listener.acceptWithAddress(
    timeout: try parameters.timeout(), retryOnInterrupt: try parameters.retryOnInterrupt())
  let address = PeerAddress.unix(accepted.peerAddress)
  return (SocketHandle(accepted.socket), address)
}

extension Parameters {
  /// Parses the domain (an IP version, or nil for `AF_UNIX`), the type, and whether the type includes `SOCK_NONBLOCK`.
  fileprivate func socketType() throws -> (version: IPVersion?, type: Int32, nonBlocking: Bool) {
    let version: IPVersion? =
      switch try text("domain") {
      case "AF_UNIX": nil
      case "AF_INET": .v4
      case "AF_INET6": .v6
      case let other: throw Invalid("domain=\(other): this domain does not exist here")
      }
    let flags = try self.flags("type", of: typeFlags)
    return (version, flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), flags & SOCK_NONBLOCK != 0)
  }

  /// Parses the address given in a request.
  func address() throws -> PeerAddress {
    guard ["path", "abstract", "autobind", "address"].filter(has).count == 1 else {
      throw Invalid("an address is missing")
    }
    if has("address") {
      guard let address = IPAddress(try text("address")) else { throw Invalid("address: a numeric address expected") }
      return .internet(SocketAddress(address, port: try integer("port")))
    }
    if has("path") { return .unix(try UnixSocket.Address(path: FilePath(try text("path")))) }
    if has("abstract") { return .unix(try UnixSocket.Address(abstract: try bytes("abstract"))) }
    guard try isSet("autobind") else { throw Invalid("autobind: only yes exists") }
    return .unix(.unnamed)
  }
}

extension Fields {
  mutating func append(_ credentials: UnixSocket.Credentials) {
    append("pid", credentials.process.rawValue)
    // Print a signed number, because the value is -1 for an unconnected socket.
    append("uid", Int32(bitPattern: credentials.user.rawValue))
    append("gid", Int32(bitPattern: credentials.group.rawValue))
  }

  /// Appends an address in the form that requests use.
  mutating func append(_ address: PeerAddress) {
    switch address {
    case .unix(let address): append(address)
    case .internet(let address):
      append("address", address.address.description)
      append("port", address.port)
    }
  }

  mutating func append(_ address: UnixSocket.Address) {
    if let path = address.path {
      append("path", path.string)
    } else if let name = address.abstractName {
      append("abstract", bytes: name)
    } else {
      append("unnamed", "yes")
    }
  }
}

/// A socket address of any family.
enum PeerAddress {
  case unix(UnixSocket.Address)
  case internet(SocketAddress)
}

extension SocketHandle {
  fileprivate func name() throws -> PeerAddress {
    guard version == nil else { return .internet(try stream { try $0.address }) }
    return .unix(try use(as: UnixSocket.StreamStyle.self) { try $0.address })
  }

  fileprivate func peerName() throws -> PeerAddress {
    guard version == nil else { return .internet(try stream { try $0.peerAddress }) }
    return .unix(try use(as: UnixSocket.StreamStyle.self) { try $0.peerAddress })
  }

  fileprivate func acceptStream(_ parameters: Parameters) throws -> (SocketHandle, PeerAddress) {
    let (timeout, retryOnInterrupt) = (try parameters.timeout(), try parameters.retryOnInterrupt())
    return try listener {
      let accepted = try $0.acceptWithAddress(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      let address = PeerAddress.internet(accepted.peerAddress)
      return (SocketHandle(accepted.socket), address)
    }
  }
}

let SOCK_STREAM = UnixSocket.StreamStyle.type
let SOCK_DGRAM = UnixSocket.DatagramStyle.type
let SOCK_SEQPACKET = UnixSocket.SequencedPacketStyle.type
private let SOCK_NONBLOCK = O_NONBLOCK
private let SOCK_CLOEXEC = O_CLOEXEC
let socketTypeNames = [SOCK_STREAM: "SOCK_STREAM", SOCK_DGRAM: "SOCK_DGRAM", SOCK_SEQPACKET: "SOCK_SEQPACKET"]
private let typeFlags = FlagTable([
  "SOCK_STREAM": SOCK_STREAM, "SOCK_DGRAM": SOCK_DGRAM, "SOCK_SEQPACKET": SOCK_SEQPACKET,
  "SOCK_NONBLOCK": SOCK_NONBLOCK, "SOCK_CLOEXEC": SOCK_CLOEXEC,
])
private let acceptFlags = FlagTable(["SOCK_NONBLOCK": SOCK_NONBLOCK, "SOCK_CLOEXEC": SOCK_CLOEXEC])
