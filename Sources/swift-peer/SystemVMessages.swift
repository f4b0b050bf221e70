internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// System V messages.
let systemVMessageOperations: [Peer.Operation] = [
  .init("msgget") { peer, parameters in
    let key = try parameters.key()
    let permissions = try parameters.permissions(default: [])
    let queue =
      switch try parameters.flags("msgflg", of: creationFlags, default: 0) {
      case IPC_CREAT | IPC_EXCL: try SystemVMessageQueue.create(key, permissions: permissions)
      case IPC_CREAT: try SystemVMessageQueue.createOrOpen(key, permissions: permissions).queue
      default: try SystemVMessageQueue.open(key, permissions: permissions)
      }
    peer.latestQueue = queue
    var fields = Fields()
    fields.append("msqid", queue.identifier)
    return fields
  },

  .init("msgsnd") { peer, parameters in
    let message = try parameters.payload("mtext", length: "msgsz")
    let flags = try parameters.flags("msgflg", of: sendFlags, default: 0)
    let result = try parameters.queue(peer).send(
      message.span, type: .init(validating: try parameters.integer("mtype")),
      patience: try parameters.patience(noWait: flags != 0), interruption: try parameters.interruption())
    switch result {
    case .sent: return Fields()
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  },

  .init("msgrcv") { peer, parameters in
    let queue = try parameters.queue(peer)
    let room = try parameters.room("msgsz")
    let type: Int = try parameters.integer("msgtyp", default: 0)
    let flags = try parameters.flags("msgflg", of: receiveFlags, default: 0)
    let patience = try parameters.patience(noWait: flags & IPC_NOWAIT != 0)
    var fields = Fields()
    var message: [UInt8] = []
    let cutting = flags & Int32(CIPC_MSG_NOERROR) != 0
    if flags & Int32(CIPC_MSG_COPY) != 0 {
      guard flags == Int32(CIPC_MSG_COPY) | IPC_NOWAIT else {
        throw Invalid("msgflg: with MSG_COPY there is IPC_NOWAIT, and nothing else")
      }
      guard let (length, type) = try queue.copy(at: type, room: room, appendingTo: &message) else {
        throw Failure(.noMessage)
      }
      fields.append("return", length)
      fields.append("mtype", type)
    } else {
      let selection = try selection(type, except: flags & Int32(CIPC_MSG_EXCEPT) != 0)
      let result = try queue.receive(
        selection, room: room, appendingTo: &message, cutting: cutting, patience: patience,
        interruption: try parameters.interruption())
      switch result {
      case .received(let length, let type):
        fields.append("return", length)
        fields.append("mtype", type)
      case .wouldBlock: throw Failure(.noMessage)
      case .timedOut: throw Failure(.timedOut)
      }
    }
    try parameters.report(message, as: "mtext", in: &fields)
    return fields
  },

  .init("msgctl") { peer, parameters in
    let queue = try parameters.queue(peer)
    var fields = Fields()
    switch try parameters.text("cmd") {
    case "IPC_STAT":
      let status = try queue.status()
      fields.append(status.ownership)
      fields.append("msg_qnum", status.messages)
      fields.append("msg_cbytes", status.bytes)
      fields.append("msg_qbytes", status.capacity)
      fields.append("msg_lspid", status.lastSender)
      fields.append("msg_lrpid", status.lastReceiver)
    case "IPC_SET":
      try queue.change(
        user: try parameters.optionalInteger("uid"), group: try parameters.optionalInteger("gid"),
        permissions: try parameters.optionalPermissions(),
        capacity: parameters.has("msg_qbytes") ? try parameters.count("msg_qbytes") : nil)
    case "IPC_RMID": try queue.remove()
    case let other: throw Invalid("cmd=\(other): there is no such command here")
    }
    return fields
  },
]

/// What C says by the sign and a flag.
private func selection(_ type: Int, except: Bool) throws -> SystemVMessageQueue.Selection {
  switch (type, except) {
  case (0, _): .any
  case (.min, _): .lowest(upTo: try .init(validating: .max))
  case (..<0, _): .lowest(upTo: try .init(validating: -type))
  case (_, true): .except(try .init(validating: type))
  case (_, false): .type(try .init(validating: type))
  }
}

private let sendFlags = FlagTable(["IPC_NOWAIT": IPC_NOWAIT])
private let receiveFlags = FlagTable([
  "IPC_NOWAIT": IPC_NOWAIT, "MSG_NOERROR": Int32(CIPC_MSG_NOERROR), "MSG_EXCEPT": Int32(CIPC_MSG_EXCEPT),
  "MSG_COPY": Int32(CIPC_MSG_COPY),
])

extension Parameters {
  /// The queue that the request names, or the last one.
  fileprivate func queue(_ peer: Peer) throws -> SystemVMessageQueue {
    if has("msqid") { return SystemVMessageQueue(identifier: try integer("msqid")) }
    guard let queue = peer.latestQueue else { throw Invalid("there was no msgget yet, so 'msqid' must be told") }
    return queue
  }

  fileprivate func patience(noWait: Bool) throws -> Patience {
    guard noWait else { return try patience() }
    if has("timeout") { throw Invalid("with IPC_NOWAIT there is nothing to wait for") }
    return .none
  }
}
