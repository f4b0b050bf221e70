internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Where a socket of any domain is.
enum PeerAddress {
  case unix(UnixSocket.Address)
  case internet(SocketAddress)
}

extension TCP.ConnectResult {
  /// Throws what C would have seen, unless it is connected.
  func connected() throws {
    switch self {
    case .connected: break
    case .refused: throw Failure(.connectionRefused, in: "connect")
    case .inProgress: throw Failure(.nowInProgress, in: "connect")
    case .alreadyInProgress: throw Failure(.alreadyInProcess, in: "connect")
    case .timedOut: throw Failure(.timedOut, in: "connect")
    }
  }
}

/// TCP and UDP: what of the operations on sockets is theirs.
extension SocketHandle {
  /// Lends the socket as one of TCP.
  func stream<Value>(_ body: (borrowing TCP.Stream) throws -> Value) throws -> Value {
    let stream = TCP.Stream(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(stream) }
    _ = stream.release()
    return try result.get()
  }

  /// Lends the socket as one of TCP that listens.
  func listener<Value>(_ body: (borrowing TCP.Listener) throws -> Value) throws -> Value {
    let listener = TCP.Listener(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(listener) }
    _ = listener.release()
    return try result.get()
  }

  /// Lends the socket as one of UDP.
  func datagrams<Value>(_ body: (borrowing UDP.Socket) throws -> Value) throws -> Value {
    let socket = UDP.Socket(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(socket) }
    _ = socket.release()
    return try result.get()
  }

  func name() throws -> PeerAddress {
    guard version == nil else { return .internet(try stream { try $0.address }) }
    return .unix(try use(as: UnixSocket.StreamStyle.self) { try $0.address })
  }

  func peerName() throws -> PeerAddress {
    guard version == nil else { return .internet(try stream { try $0.peerAddress }) }
    return .unix(try use(as: UnixSocket.StreamStyle.self) { try $0.peerAddress })
  }

  func connect(to address: SocketAddress, _ patience: Patience, _ interruption: Interruption) throws {
    guard type == SOCK_STREAM else { return try datagrams { try $0.connect(to: address) } }
    try stream { try $0.connect(to: address, patience: patience, interruption: interruption) }.connected()
  }

  func acceptStream(_ parameters: Parameters) throws -> (SocketHandle, PeerAddress) {
    let patience = try parameters.patience()
    let interruption = try parameters.interruption()
    return try listener {
      switch try $0.accept(patience: patience, interruption: interruption) {
      case .accepted(let stream, let address): return (SocketHandle(stream), .internet(address))
      case .wouldBlock: throw Failure(.wouldBlock)
      case .timedOut: throw Failure(.timedOut)
      }
    }
  }

  /// - Parameter flagged: Whether the answer tells that a part was lost, as that of `recvmsg` does.
  func receiveDatagram(_ parameters: Parameters, addressed: Bool, flagged: Bool = false) throws -> Fields {
    let flags = try parameters.flags("flags", of: socketReceiveFlags, default: 0)
    let patience = try parameters.patience(of: self, flags: socketReceiveFlags)
    let interruption = try parameters.interruption()
    let limit = try parameters.room("len")
    var bytes: [UInt8] = []
    let result = try datagrams {
      try $0.receive(
        atMost: limit, appendingTo: &bytes, peeking: flags & Int32(MSG_PEEK) != 0, patience: patience,
        interruption: interruption)
    }
    var fields = Fields()
    switch result {
    case .received(let arrival):
      fields.append("return", flags & Int32(MSG_TRUNC) != 0 ? arrival.sentLength : arrival.length)
      if flagged { fields.append("msg_flags", arrival.isTruncated ? "MSG_TRUNC" : "0") }
      if addressed { fields.append(.internet(arrival.sender)) }
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  }
}
