internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Several messages in one call.
let batchOperations: [Peer.Operation] = [
  .init("sendmmsg", "handle bufs flags") { peer, parameters in
    let socket = try peer.socket(parameters)
    let comma = UInt8(ascii: ",")
    let messages = try parameters.bytes("bufs").split(separator: comma, omittingEmptySubsequences: false).map(
      Array.init)
    guard messages.count <= SocketHandle.maximumBatch else { throw Invalid("there are too many messages") }
    var fields = Fields()
    fields.append(
      "return",
      try socket.send(
        batch: messages, timeout: try parameters.timeout(of: socket, flags: batchFlags), retryOnInterrupt: false))
    return fields
  },

  .init("recvmmsg", "handle vlen len flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    let count = try parameters.count("vlen", upTo: SocketHandle.maximumBatch)
    let flags = try parameters.flags("flags", of: batchFlags, default: 0)
    let batch = try socket.receiveBatch(
      count, maxLength: try parameters.count("len", upTo: 128),
      waitingForAll: flags & Int32(CIPC_MSG_WAITFORONE) == 0,
      timeout: try parameters.timeout(of: socket, flags: batchFlags),
      retryOnInterrupt: try parameters.retryOnInterrupt())
    var fields = Fields()
    fields.append("return", batch.messages.count)
    fields.append("lens", batch.originalLengths.map(String.init).joined(separator: ","))
    fields.append("bufs", bytes: Array(batch.messages.joined(separator: [UInt8(ascii: ",")])))
    return fields
  },
]

private let batchFlags = FlagTable([
  "MSG_DONTWAIT": Int32(MSG_DONTWAIT), "MSG_WAITFORONE": Int32(CIPC_MSG_WAITFORONE),
])
