internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Sending and receiving through sockets.
let messageOperations: [Peer.Operation] = [
  .init("send", "handle buf len pattern offset memory at flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    if parameters.has("memory") {
      return try peer.writeMemory(parameters, length: "len") {
        try socket.write($0, timeout: try parameters.timeout(of: socket, flags: socketSendFlags))
      }
    }
    let bytes = try parameters.payload("buf", length: "len")
    let timeout = try parameters.timeout(of: socket, flags: socketSendFlags)
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    var count = bytes.count
    switch socket.type {
    case SOCK_DGRAM where socket.version != nil:
      let isPart = try parameters.flags("flags", of: socketSendFlags, default: 0) & Int32(CIPC_MSG_MORE) != 0
      try socket.datagrams {
        if isPart { return try $0.sendLater(unsafe bytes.span.bytes, retryOnInterrupt: retryOnInterrupt) }
        try $0.send(bytes.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    case SOCK_DGRAM:
      try socket.use(as: UnixSocket.DatagramStyle.self) {
        try $0.send(bytes.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    case SOCK_SEQPACKET:
      try socket.use(as: UnixSocket.SequencedPacketStyle.self) {
        try $0.send(bytes.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    default:
      count = try socket.write(bytes.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("sendto", "handle path abstract address port buf len pattern offset flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    let bytes = try parameters.payload("buf", length: "len")
    let address = try parameters.address()
    let timeout = try parameters.timeout(of: socket, flags: socketSendFlags)
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    switch address {
    case .internet(let address):
      try socket.datagrams {
        try $0.send(bytes.span, to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    case .unix(let address):
      try socket.use(as: UnixSocket.DatagramStyle.self) {
        try $0.send(bytes.span, to: address, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    return fields
  },

  .init("recv", "handle len pattern offset flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    let flags = try parameters.flags("flags", of: socketReceiveFlags, default: 0)
    guard flags & Int32(MSG_WAITALL) == 0 || flags & Int32(MSG_PEEK | MSG_TRUNC) == 0 else {
      throw Invalid("MSG_WAITALL goes with MSG_DONTWAIT only")
    }
    guard socket.type == SOCK_STREAM else { return try receive(socket, parameters, addressed: false) }
    guard flags & Int32(MSG_TRUNC) == 0 else { throw Invalid("flags: MSG_TRUNC is for messages") }
    let timeout = try parameters.timeout(of: socket, flags: socketReceiveFlags)
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    let maxLength = try parameters.room("len")
    var bytes: [UInt8] = []
    let count =
      if flags & Int32(MSG_WAITALL) != 0 {
        try socket.waitForAll(maxLength, timeout, parameters, &bytes)
      } else if flags & Int32(MSG_PEEK) != 0 {
        try socket.peek(
          maxLength: maxLength, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      } else {
        try socket.read(
          maxLength: maxLength, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
      }
    var fields = Fields()
    fields.append("return", count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("recvfrom", "handle len pattern offset flags timeout eintr") { peer, parameters in
    try receive(try peer.socket(parameters), parameters, addressed: true)
  },
]

extension SocketHandle {
  /// Receives like `MSG_WAITALL`: if a signal, timeout or error occurs after some bytes have arrived, returns the
  /// number of bytes received so far.
  fileprivate func waitForAll(
    _ length: Int, _ timeout: Timeout, _ parameters: Parameters, _ bytes: inout [UInt8]
  ) throws -> Int {
    do {
      return try readExactly(
        length, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: try parameters.retryOnInterrupt())
    } catch let error as IPCError where error.transferred > 0 {
      return error.transferred
    }
  }
}

/// Receives a message and returns the response fields.
private func receive(_ socket: SocketHandle, _ parameters: Parameters, addressed: Bool) throws -> Fields {
  let received = try socket.receiveMessage(parameters, addressed: addressed)
  let returnsOriginalLength =
    try parameters.flags("flags", of: socketReceiveFlags, default: 0) & Int32(MSG_TRUNC) != 0
  var fields = Fields()
  fields.append("return", returnsOriginalLength ? received.originalLength : received.bytes.count)
  if let sender = received.sender { fields.append(sender) }
  try parameters.report(received.bytes, as: "buf", in: &fields)
  return fields
}

extension SocketHandle {
  /// Receives a message, with its sender if `addressed`.
  func receiveMessage(
    _ parameters: Parameters, addressed: Bool
  ) throws -> (bytes: [UInt8], originalLength: Int, sender: PeerAddress?) {
    let peeking = try parameters.flags("flags", of: socketReceiveFlags, default: 0) & Int32(MSG_PEEK) != 0
    let timeout = try parameters.timeout(of: self, flags: socketReceiveFlags)
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    let maxLength = try parameters.room("len")
    var bytes: [UInt8] = []
    switch (type, version) {
    case (SOCK_DGRAM, nil) where addressed:
      let message = try use(as: UnixSocket.DatagramStyle.self) {
        try $0.receive(
          maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
      }
      return (bytes, message.originalLength, .unix(message.sender))
    case (SOCK_DGRAM, nil):
      let message = try use(as: UnixSocket.DatagramStyle.self) {
        try $0.receiveWithoutAddress(
          maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
      }
      return (bytes, message.originalLength, nil)
    case (SOCK_DGRAM, _) where addressed:
      let message = try datagrams {
        try $0.receive(
          maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
      }
      return (bytes, message.originalLength, .internet(message.sender))
    case (SOCK_DGRAM, _):
      let message = try datagrams {
        try $0.receiveWithoutAddress(
          maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
      }
      return (bytes, message.originalLength, nil)
    case (SOCK_SEQPACKET, nil):
      return try use(as: UnixSocket.SequencedPacketStyle.self) {
        let packet = try $0.receive(
          maxLength: maxLength, appendingTo: &bytes, peeking: peeking, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
        guard let packet else { return (bytes, 0, addressed ? .unix(.unnamed) : nil) }
        // A packet's sender is the connected peer.
        return (bytes, packet.originalLength, addressed ? .unix(try $0.peerAddress) : nil)
      }
    default: throw Invalid("the socket has no messages")
    }
  }
}

extension Parameters {
  /// Returns a call's timeout: immediate, the parameter `timeout`, or the descriptor's default.
  func timeout(of socket: SocketHandle, flags table: FlagTable) throws -> Timeout {
    let timeout = try socket.timeout(self)
    return try flags("flags", of: table, default: 0) & Int32(MSG_DONTWAIT) != 0 ? .immediate : timeout
  }
}

let socketSendFlags = FlagTable(["MSG_DONTWAIT": Int32(MSG_DONTWAIT), "MSG_MORE": Int32(CIPC_MSG_MORE)])
let socketReceiveFlags = FlagTable([
  "MSG_DONTWAIT": Int32(MSG_DONTWAIT), "MSG_PEEK": Int32(MSG_PEEK), "MSG_TRUNC": Int32(MSG_TRUNC),
  "MSG_WAITALL": Int32(MSG_WAITALL),
])
