internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// POSIX message queues.
let messageQueueOperations: [Peer.Operation] = [
  .init("mq_open", "handle name oflag mode mq_maxmsg mq_msgsize") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("oflag", of: openFlags)
    let handle =
      switch flags & O_ACCMODE {
      case O_RDONLY: try open(POSIXMessageQueue.Receiver.self, flags, parameters)
      case O_WRONLY: try open(POSIXMessageQueue.Sender.self, flags, parameters)
      default: try open(POSIXMessageQueue.Duplex.self, flags, parameters)
      }
    try peer.handles.add(handle, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    return fields
  },

  .init("mq_close", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("mq_unlink", "name") { _, parameters in
    try POSIXMessageQueue.unlink(try parameters.queueName())
    return Fields()
  },

  .init("mq_send", "handle msg msg_len pattern offset msg_prio eintr") { peer, parameters in
    try send(peer, parameters, .never)
  },

  .init("mq_timedsend", "handle msg msg_len pattern offset msg_prio abs_timeout tv_nsec eintr") { peer, parameters in
    try send(peer, parameters, try parameters.deadline())
  },

  .init("mq_receive", "handle msg_len pattern offset eintr") { peer, parameters in
    try receive(peer, parameters, .never)
  },

  .init("mq_timedreceive", "handle msg_len pattern offset abs_timeout tv_nsec eintr") { peer, parameters in
    try receive(peer, parameters, try parameters.deadline())
  },

  .init("mq_getattr", "handle") { peer, parameters in
    try peer.withQueue(parameters) { queue in
      let status = try queue.status()
      var fields = Fields()
      fields.append("mq_flags", status.isNonBlocking ? "O_NONBLOCK" : "0")
      fields.append("mq_maxmsg", queue.attributes.maximumMessages)
      fields.append("mq_msgsize", queue.attributes.maximumMessageSize)
      fields.append("mq_curmsgs", status.messageCount)
      return fields
    }
  },

  .init("mq_setattr", "handle mq_flags") { peer, parameters in
    let nonBlocking = try parameters.flags("mq_flags", of: statusFlags) != 0
    return try peer.withQueue(parameters) { queue in
      var fields = Fields()
      fields.append("mq_flags", try queue.setNonBlocking(nonBlocking) ? "O_NONBLOCK" : "0")
      return fields
    }
  },

  .init("mq_notify", "handle sigev_notify sigev_signo sigev_value") { peer, parameters in
    let method = try parameters.text("sigev_notify")
    if method == "SIGEV_THREAD" {
      let body = try notified(with: try parameters.integer("sigev_value", default: 0))
      try peer.withQueue(parameters) { try $0.requestNotification(onThread: body) }
      return Fields()
    }
    let notification: POSIXMessageQueue.Notification? =
      switch method {
      case "SIGEV_SIGNAL":
        .signal(try parameters.signal("sigev_signo"), value: try parameters.integer("sigev_value", default: 0))
      case "SIGEV_NONE": .some(.none)
      case "NULL": nil
      default: throw Invalid("sigev_notify=\(method): SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_NONE or NULL expected")
      }
    try peer.withQueue(parameters) { queue in
      if let notification {
        try queue.requestNotification(notification)
      } else {
        try queue.cancelNotification()
      }
    }
    return Fields()
  },
]

private func send(_ peer: Peer, _ parameters: Parameters, _ timeout: Timeout) throws -> Fields {
  let message = try parameters.payload("msg", length: "msg_len")
  let priority: UInt32 = try parameters.integer("msg_prio", default: 0)
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  try peer.withQueue(parameters) { queue in
    try queue.send(message.span, priority: priority, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  }
  return Fields()
}

private func receive(_ peer: Peer, _ parameters: Parameters, _ timeout: Timeout) throws -> Fields {
  let room = parameters.has("msg_len") ? try parameters.room("msg_len") : nil
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  return try peer.withQueue(parameters) { queue in
    var bytes: [UInt8] = []
    let received = try queue.receive(
      maxLength: room, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    var fields = Fields()
    fields.append("return", received.length)
    fields.append("msg_prio", received.priority)
    try parameters.report(bytes, as: "msg", in: &fields)
    return fields
  }
}

/// A handle to an open queue.
///
/// As in C, the kernel decides whether the queue can send or receive (`EBADF`), so the type allows both.
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
  /// Calls `body` with the queue named in a request: an opened queue or any inherited descriptor.
  fileprivate func withQueue<Value>(
    _ parameters: Parameters, _ body: (borrowing POSIXMessageQueue.Duplex) throws -> Value
  ) throws -> Value {
    try withQueue(parameters.handle, body)
  }

  /// Calls `body` with a handle's queue.
  func withQueue<Value>(
    _ name: String, _ body: (borrowing POSIXMessageQueue.Duplex) throws -> Value
  ) throws -> Value {
    let handle = try handles.find(name)
    if let handle = handle as? QueueHandle { return try handle.use(body) }
    guard let descriptor = (handle as? any DescriptorHandle)?.descriptor else {
      throw Invalid("the handle '\(name)' is not a message queue")
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

extension Parameters {
  fileprivate func queueName() throws -> POSIXName {
    let bytes = try bytes("name")
    guard !bytes.contains(0) else { throw Invalid("name: no NUL in it expected") }
    return POSIXName(bytes: bytes)
  }
}

/// Opens the queue named in a request; on failure, removes the queue if this call created it.
private func open<Access: POSIXMessageQueue.Access>(
  _ descriptor: POSIXMessageQueue.Descriptor<Access>.Type, _ flags: Int32, _ parameters: Parameters
) throws -> QueueHandle {
  let name = try parameters.queueName()
  let permissions = try parameters.permissions(default: .ownerReadWrite)
  let nonBlocking = flags & O_NONBLOCK != 0
  var attributes: POSIXMessageQueue.Attributes?
  if parameters.has("mq_maxmsg") || parameters.has("mq_msgsize") {
    attributes = POSIXMessageQueue.Attributes(
      maximumMessages: try parameters.integer("mq_maxmsg"), maximumMessageSize: try parameters.integer("mq_msgsize"))
  }
  let queue =
    switch flags & (O_CREAT | O_EXCL) {
    case O_CREAT | O_EXCL:
      try descriptor.create(
        name, attributes: attributes, permissions: permissions, applyUmask: true, nonBlocking: nonBlocking)
    case O_CREAT:
      try descriptor.createOrOpen(
        name, attributes: attributes, permissions: permissions, applyUmask: true, nonBlocking: nonBlocking)
    default: try descriptor.open(name, nonBlocking: nonBlocking)
    }
  let isNew = queue.isNew
  let opened = queue.release()
  do {
    return try QueueHandle(adopting: opened)
  } catch {
    try? opened.close()
    if isNew { try? POSIXMessageQueue.unlink(name) }
    throw error
  }
}
