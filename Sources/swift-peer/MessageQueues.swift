internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// POSIX message queues.
let messageQueueOperations: [Peer.Operation] = [
  .init("mq_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("oflag", of: openFlags)
    let (descriptor, isNew) =
      switch flags & O_ACCMODE {
      case O_RDONLY: try open(for: POSIXMessageQueue.ForReceiving.self, flags, parameters)
      case O_WRONLY: try open(for: POSIXMessageQueue.ForSending.self, flags, parameters)
      default: try open(for: POSIXMessageQueue.ForBoth.self, flags, parameters)
      }
    do {
      try peer.handles.add(try QueueHandle(adopting: descriptor), as: parameters.handle)
    } catch {
      try? descriptor.close()
      if isNew { try? POSIXMessageQueue.Name(validating: try parameters.text("name")).unlink() }
      throw error
    }
    var fields = Fields()
    fields.append("fd", descriptor.rawValue)
    return fields
  },

  .init("mq_close") { peer, parameters in
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("mq_unlink") { _, parameters in
    try POSIXMessageQueue.Name(validating: try parameters.text("name")).unlink()
    return Fields()
  },

  .init("mq_send") { peer, parameters in
    try send(peer, parameters, .forever)
  },

  .init("mq_timedsend") { peer, parameters in
    try send(peer, parameters, .atMost(try parameters.duration("abs_timeout")))
  },

  .init("mq_receive") { peer, parameters in
    try receive(peer, parameters, .forever)
  },

  .init("mq_timedreceive") { peer, parameters in
    try receive(peer, parameters, .atMost(try parameters.duration("abs_timeout")))
  },

  .init("mq_getattr") { peer, parameters in
    try peer.withQueue(parameters) { queue in
      let status = try queue.status()
      var fields = Fields()
      fields.append("mq_flags", status.isNonBlocking ? "O_NONBLOCK" : "0")
      fields.append("mq_maxmsg", queue.attributes.maximumMessages)
      fields.append("mq_msgsize", queue.attributes.messageSize)
      fields.append("mq_curmsgs", status.messages)
      return fields
    }
  },

  .init("mq_setattr") { peer, parameters in
    let nonBlocking = try parameters.flags("mq_flags", of: statusFlags) != 0
    return try peer.withQueue(parameters) { queue in
      var fields = Fields()
      fields.append("mq_flags", try queue.setNonBlocking(nonBlocking) ? "O_NONBLOCK" : "0")
      return fields
    }
  },

  .init("mq_notify") { peer, parameters in
    let way = try parameters.text("sigev_notify")
    let notification: POSIXMessageQueue.Notification? =
      switch way {
      case "SIGEV_SIGNAL":
        .signal(try parameters.signal("sigev_signo"), value: try parameters.integer("sigev_value", default: 0))
      case "SIGEV_NONE": .silent
      case "NULL": nil
      default: throw Invalid("sigev_notify=\(way): SIGEV_SIGNAL, SIGEV_NONE or NULL expected")
      }
    try peer.withQueue(parameters) { queue in
      if let notification { try queue.register(notification) } else { try queue.deregister() }
    }
    return Fields()
  },
]

private func send(_ peer: Peer, _ parameters: Parameters, _ patience: Patience) throws -> Fields {
  let message = try parameters.payload("msg", length: "msg_len")
  let priority: UInt32 = try parameters.integer("msg_prio", default: 0)
  let interruption = try parameters.interruption()
  return try peer.withQueue(parameters) { queue in
    switch try queue.send(message.span, priority: priority, patience: patience, interruption: interruption) {
    case .sent: return Fields()
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  }
}

private func receive(_ peer: Peer, _ parameters: Parameters, _ patience: Patience) throws -> Fields {
  let room = parameters.has("msg_len") ? try parameters.room("msg_len") : nil
  let interruption = try parameters.interruption()
  return try peer.withQueue(parameters) { queue in
    var message: [UInt8] = []
    switch try queue.receive(room: room, appendingTo: &message, patience: patience, interruption: interruption) {
    case .received(let length, let priority):
      var fields = Fields()
      fields.append("return", length)
      fields.append("msg_prio", priority)
      try parameters.report(message, as: "msg", in: &fields)
      return fields
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
  }
}

/// An open queue. What it was opened for is left to the kernel to say, so its type forbids nothing.
private final class QueueHandle: DescriptorHandle {
  private var queue: POSIXMessageQueue.Duplex?
  let descriptor: FileDescriptor

  init(adopting descriptor: FileDescriptor) throws {
    queue = try POSIXMessageQueue.Duplex(adopting: descriptor)
    self.descriptor = descriptor
  }

  func close() throws { try queue.take()?.close() }

  func use<Value>(_ body: (borrowing POSIXMessageQueue.Duplex) throws -> Value) throws -> Value {
    switch queue {
    case let queue?: try body(queue)
    case nil: throw Invalid("the queue is closed")
    }
  }
}

extension Peer {
  /// The queue that a request names. A descriptor that was inherited is taken for one; if it is none, the kernel says so.
  func withQueue<Value>(
    _ parameters: Parameters, _ body: (borrowing POSIXMessageQueue.Duplex) throws -> Value
  ) throws -> Value {
    let handle = try handles.find(parameters.handle)
    if let handle = handle as? QueueHandle { return try handle.use(body) }
    guard let descriptor = (handle as? any DescriptorHandle)?.descriptor else {
      throw Invalid("the handle '\(parameters.handle)' is no message queue")
    }
    let queue = try POSIXMessageQueue.Duplex(adopting: descriptor)
    let result = Result { try body(queue) }
    _ = queue.release()
    return try result.get()
  }
}

private let openFlags = FlagTable([
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_CREAT": O_CREAT, "O_EXCL": O_EXCL,
  "O_NONBLOCK": O_NONBLOCK, "O_CLOEXEC": O_CLOEXEC,
])
private let statusFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK])

/// Opens a queue as a request asks, and gives its descriptor away, and tells whether it was made.
private func open<Use: POSIXMessageQueue.Use>(
  for use: Use.Type, _ flags: Int32, _ parameters: Parameters
) throws -> (FileDescriptor, isNew: Bool) {
  typealias End = POSIXMessageQueue.End<Use>
  let name = try POSIXMessageQueue.Name(validating: try parameters.text("name"))
  let permissions = try parameters.permissions(default: .ownerReadWrite)
  let nonBlocking = flags & O_NONBLOCK != 0
  var attributes: POSIXMessageQueue.Attributes?
  if parameters.has("mq_maxmsg") || parameters.has("mq_msgsize") {
    attributes = POSIXMessageQueue.Attributes(
      maximumMessages: try parameters.integer("mq_maxmsg"), messageSize: try parameters.integer("mq_msgsize"))
  }
  switch flags & (O_CREAT | O_EXCL) {
  case O_CREAT | O_EXCL:
    return try End(
      creating: name, attributes, permissions: permissions, umask: .obeyed, nonBlocking: nonBlocking
    ).given()
  case O_CREAT:
    return try End(
      creatingOrOpening: name, attributes, permissions: permissions, umask: .obeyed, nonBlocking: nonBlocking
    ).given()
  default:
    return try End(opening: name, nonBlocking: nonBlocking).given()
  }
}

extension POSIXMessageQueue.End {
  /// The descriptor for a new owner, and whether this made the queue.
  fileprivate consuming func given() -> (FileDescriptor, isNew: Bool) {
    let isNew = isNew
    return (release(), isNew)
  }
}
