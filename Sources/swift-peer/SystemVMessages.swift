internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// System V messages.
let systemVMessageOperations: [Peer.Operation] = [
  .init("msgget", "key msgflg mode") { peer, parameters in
    let key = try parameters.key()
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let queue =
      switch try parameters.flags("msgflg", of: creationFlags, default: 0) {
      case IPC_CREAT | IPC_EXCL: try SystemVMessageQueue.create(key, permissions: permissions)
      case IPC_CREAT: try SystemVMessageQueue.createOrOpen(key, permissions: permissions)
      default: try SystemVMessageQueue.open(key, permissions: permissions)
      }
    peer.latestQueue = queue
    var fields = Fields()
    fields.append("msqid", queue.identifier)
    return fields
  },

  .init("msgsnd", "msqid mtype mtext msgsz pattern offset msgflg timeout eintr") { peer, parameters in
    let message = try parameters.payload("mtext", length: "msgsz")
    let flags = try parameters.flags("msgflg", of: sendFlags, default: 0)
    try parameters.queue(peer).send(
      message.span, type: .init(validating: try parameters.integer("mtype")),
      timeout: try parameters.timeout(noWait: flags != 0), retryOnInterrupt: try parameters.retryOnInterrupt())
    return Fields()
  },

  .init("msgrcv", "msqid msgsz msgtyp msgflg pattern offset timeout eintr") { peer, parameters in
    let queue = try parameters.queue(peer)
    let room = try parameters.room("msgsz")
    let number: Int = try parameters.integer("msgtyp", default: 0)
    let flags = try parameters.flags("msgflg", of: receiveFlags, default: 0)
    let timeout = try parameters.timeout(noWait: flags & IPC_NOWAIT != 0)
    let truncate = flags & Int32(CIPC_MSG_NOERROR) != 0
    var bytes: [UInt8] = []
    let received: SystemVMessageQueue.ReceivedMessage?
    if flags & Int32(CIPC_MSG_COPY) != 0 {
      guard flags == Int32(CIPC_MSG_COPY) | IPC_NOWAIT else {
        throw Invalid("msgflg: MSG_COPY is used with IPC_NOWAIT alone")
      }
      received = try queue.copy(at: number, maxLength: room, appendingTo: &bytes)
    } else {
      let selection = try selection(number, except: flags & Int32(CIPC_MSG_EXCEPT) != 0)
      received =
        flags & IPC_NOWAIT != 0
        ? try queue.tryReceive(selection, maxLength: room, appendingTo: &bytes, truncate: truncate)
        : try queue.receive(
          selection, maxLength: room, appendingTo: &bytes, truncate: truncate, timeout: timeout,
          retryOnInterrupt: try parameters.retryOnInterrupt())
    }
    guard let received else { throw Failure(.noMessage) }
    var fields = Fields()
    fields.append("return", received.length)
    fields.append("mtype", received.type)
    try parameters.report(bytes, as: "mtext", in: &fields)
    return fields
  },

  .init("msgctl", "msqid cmd mode uid gid msg_qbytes times") { peer, parameters in
    let queue = try parameters.queue(peer)
    var fields = Fields()
    switch try parameters.text("cmd") {
    case "IPC_STAT":
      let status = try queue.status()
      fields.append(status.ownership)
      fields.append("msg_qnum", status.messageCount)
      fields.append("msg_cbytes", status.byteCount)
      fields.append("msg_qbytes", status.capacity)
      fields.append("msg_lspid", status.lastSender)
      fields.append("msg_lrpid", status.lastReceiver)
      if try parameters.isSet("times") {
        fields.append("msg_stime", status.lastSend)
        fields.append("msg_rtime", status.lastReceive)
        fields.append("msg_ctime", status.lastChange)
      }
    case "IPC_SET":
      try queue.change(
        user: try parameters.newUser(), group: try parameters.newGroup(),
        permissions: try parameters.newPermissions(),
        capacity: parameters.has("msg_qbytes") ? try parameters.count("msg_qbytes") : nil)
    case "IPC_RMID": try queue.remove()
    case let other: throw Invalid("cmd=\(other): IPC_STAT, IPC_SET or IPC_RMID expected")
    }
    return fields
  },
]

/// Returns the selection, expressed in C by a number's sign and a flag.
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
  /// Returns the queue named in the request, or the latest queue.
  fileprivate func queue(_ peer: Peer) throws -> SystemVMessageQueue {
    try object("msqid", latest: peer.latestQueue)
  }

  fileprivate func timeout(noWait: Bool) throws -> Timeout {
    guard noWait else { return try timeout() }
    if has("timeout") { throw Invalid("a timeout has no meaning with IPC_NOWAIT") }
    return .immediate
  }
}
