internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Sending and receiving through sockets.
let messageOperations: [Peer.Operation] = [
  .init("send") { peer, parameters in
    let socket = try peer.socket(parameters)
    let bytes = try parameters.payload("buf", length: "len")
    let patience = try parameters.patience(of: socket, flags: socketSendFlags)
    let interruption = try parameters.interruption()
    var fields = Fields()
    switch socket.type {
    case SOCK_DGRAM where socket.version != nil:
      try socket.datagrams { try $0.send(bytes.span, patience: patience, interruption: interruption).check() }
    case SOCK_DGRAM:
      try socket.use(as: UnixSocket.DatagramStyle.self) {
        try $0.send(bytes.span, patience: patience, interruption: interruption).check()
      }
    case SOCK_SEQPACKET:
      try socket.use(as: UnixSocket.SequencedPacketStyle.self) {
        try $0.send(bytes.span, patience: patience, interruption: interruption).check()
      }
    default:
      let result = try socket.write(bytes.span, patience: patience, interruption: interruption)
      fields.append("return", try result.written(Fields()))
      return fields
    }
    fields.append("return", bytes.count)
    return fields
  },

  .init("sendto") { peer, parameters in
    let socket = try peer.socket(parameters)
    let bytes = try parameters.payload("buf", length: "len")
    let address = try parameters.address()
    let patience = try parameters.patience(of: socket, flags: socketSendFlags)
    let interruption = try parameters.interruption()
    switch address {
    case .internet(let address):
      try socket.datagrams {
        try $0.send(bytes.span, to: address, patience: patience, interruption: interruption).check()
      }
    case .unix(let address):
      try socket.use(as: UnixSocket.DatagramStyle.self) {
        try $0.send(bytes.span, to: address, patience: patience, interruption: interruption).check()
      }
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    return fields
  },

  .init("recv") { peer, parameters in
    let socket = try peer.socket(parameters)
    guard socket.type == SOCK_STREAM else { return try receive(socket, parameters, addressed: false) }
    let flags = try parameters.flags("flags", of: socketReceiveFlags, default: 0)
    guard flags & Int32(MSG_TRUNC) == 0 else { throw Invalid("flags: MSG_TRUNC is for messages") }
    let patience = try parameters.patience(of: socket, flags: socketReceiveFlags)
    let interruption = try parameters.interruption()
    let limit = try parameters.room("len")
    var bytes: [UInt8] = []
    let result =
      if flags & Int32(MSG_PEEK) != 0 {
        try socket.peek(atMost: limit, appendingTo: &bytes, patience: patience, interruption: interruption)
      } else {
        try socket.read(atMost: limit, appendingTo: &bytes, patience: patience, interruption: interruption)
      }
    switch result {
    case .read, .endOfFile: break
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("recvfrom") { peer, parameters in
    try receive(try peer.socket(parameters), parameters, addressed: true)
  },
]

/// Receives a message of a socket that has them.
private func receive(_ socket: SocketHandle, _ parameters: Parameters, addressed: Bool) throws -> Fields {
  if socket.version != nil { return try socket.receiveDatagram(parameters, addressed: addressed) }
  let flags = try parameters.flags("flags", of: socketReceiveFlags, default: 0)
  let peeking = flags & Int32(MSG_PEEK) != 0
  let patience = try parameters.patience(of: socket, flags: socketReceiveFlags)
  let interruption = try parameters.interruption()
  let limit = try parameters.room("len")
  var bytes: [UInt8] = []
  let result =
    switch socket.type {
    case SOCK_DGRAM:
      try socket.use(as: UnixSocket.DatagramStyle.self) {
        try $0.receive(
          atMost: limit, appendingTo: &bytes, peeking: peeking, patience: patience, interruption: interruption)
      }
    case SOCK_SEQPACKET:
      try socket.use(as: UnixSocket.SequencedPacketStyle.self) {
        try $0.receive(
          atMost: limit, appendingTo: &bytes, peeking: peeking, patience: patience, interruption: interruption)
      }
    default: throw Invalid("the socket has no messages")
    }
  var fields = Fields()
  switch result {
  case .received(let arrival):
    fields.append("return", flags & Int32(MSG_TRUNC) != 0 ? arrival.sentLength : arrival.length)
    if addressed { fields.append(arrival.sender) }
  case .endOfFile:
    fields.append("return", 0)
    if addressed { fields.append(UnixSocket.Address.unnamed) }
  case .wouldBlock: throw Failure(.wouldBlock)
  case .timedOut: throw Failure(.timedOut)
  }
  try parameters.report(bytes, as: "buf", in: &fields)
  return fields
}

extension SendResult {
  /// The failure that C would have seen.
  func check() throws {
    switch self {
    case .sent: break
    case .nobodyReads: throw Failure(.brokenPipe)
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  }
}

extension Parameters {
  /// How long a call waits: not at all, until its `timeout`, or else as its descriptor would have it.
  func patience(of socket: SocketHandle, flags table: FlagTable) throws -> Patience {
    if try flags("flags", of: table, default: 0) & Int32(MSG_DONTWAIT) != 0 { return .none }
    return try socket.patience(self)
  }
}

let socketSendFlags = FlagTable(["MSG_DONTWAIT": Int32(MSG_DONTWAIT)])
let socketReceiveFlags = FlagTable([
  "MSG_DONTWAIT": Int32(MSG_DONTWAIT), "MSG_PEEK": Int32(MSG_PEEK), "MSG_TRUNC": Int32(MSG_TRUNC),
])
