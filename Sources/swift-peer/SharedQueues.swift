internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Bounded queues in shared memory.
let sharedQueueOperations: [Peer.Operation] = [
  .init("queue_make", "handle memory at slots size") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let (slots, size): (UInt32, UInt32) = (try parameters.integer("slots"), try parameters.integer("size"))
    let queue = try SharedQueue.create(
      in: try peer.region(parameters), at: try parameters.integer("at", default: 0), slotCount: Int(slots),
      slotSize: Int(size))
    try peer.handles.add(SharedQueueHandle(queue), as: parameters.handle)
    var fields = Fields()
    fields.append("bytes", try SharedQueue.size(slotCount: queue.slotCount, slotSize: queue.slotSize))
    return fields
  },

  .init("queue_open", "handle memory at") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let queue = try SharedQueue.open(
      in: try peer.region(parameters), at: try parameters.integer("at", default: 0))
    try peer.handles.add(SharedQueueHandle(queue), as: parameters.handle)
    var fields = Fields()
    fields.append("slots", queue.slotCount)
    fields.append("size", queue.slotSize)
    return fields
  },

  .init("queue_send", "handle msg msg_len pattern offset timeout eintr") { peer, parameters in
    try send(peer, parameters, try parameters.timeout(), try parameters.retryOnInterrupt())
  },
  .init("queue_trysend", "handle msg msg_len pattern offset") { peer, parameters in
    try send(peer, parameters, .immediate, false)
  },
  .init("queue_receive", "handle msg_len pattern offset timeout eintr") { peer, parameters in
    try receive(peer, parameters, try parameters.timeout(), try parameters.retryOnInterrupt())
  },
  .init("queue_tryreceive", "handle pattern offset") { peer, parameters in
    try receive(peer, parameters, .immediate, false)
  },

  .init("queue_select", "handles count pattern offset timeout eintr") { peer, parameters in
    let names = try parameters.text("handles").split(separator: ",", omittingEmptySubsequences: false)
    let queues = try names.map { try peer.sharedQueue(String($0)) }
    var selection = try SharedQueue.Selection(of: queues.map(\.receiver))
    let size = queues.reduce(0) { max($0, $1.slotSize) }
    let (timeout, retry) = (try parameters.timeout(), try parameters.retryOnInterrupt())
    let count: Int = try parameters.integer("count", default: 1)
    guard (1...100).contains(count) else { throw Invalid("count is 1 to 100") }
    var sources: [Substring] = []
    var message: [UInt8] = []
    while sources.count < count {
      message = try [UInt8](atMost: size) { bytes in
        let received = try selection.receive(into: &bytes, timeout: timeout, retryOnInterrupt: retry)
        guard let received else { throw Failure(.noData) }
        sources.append(names[received.index])
      }
    }
    var fields = Fields()
    fields.append("from", sources.joined(separator: ","))
    fields.append("return", message.count)
    try parameters.report(message, as: "msg", in: &fields)
    return fields
  },

  .init("queue_close", "handle") { peer, parameters in
    try peer.sharedQueue(parameters.handle).close()
    return Fields()
  },

  .init("queue_status", "handle") { peer, parameters in
    let status = try peer.sharedQueue(parameters.handle).status()
    var fields = Fields()
    fields.append("messages", status.messageCount)
    fields.append("closed", status.isClosed ? "yes" : "no")
    fields.append("recoveries", status.recoveryCount)
    return fields
  },

  // Performs part of an operation without releasing the lock, so that the process can be killed in the middle of the
  // operation.
  .init("queue_hold", "handle at msg msg_len pattern offset") { peer, parameters in
    let queue = try peer.sharedQueue(parameters.handle)
    switch try parameters.text("at") {
    case "locked": try queue.lock(.sharedQueueSend)
    case "placed": try place(queue, parameters)
    case "published":
      try place(queue, parameters)
      queue.publish()
    case "copied": try peek(queue)
    case "consumed":
      try peek(queue)
      queue.consume()
    case let other: throw Invalid("at=\(other): locked, placed, published, copied or consumed expected")
    }
    return Fields()
  },
]

private func send(
  _ peer: Peer, _ parameters: Parameters, _ timeout: Timeout, _ retryOnInterrupt: Bool
) throws -> Fields {
  let queue = try peer.sharedQueue(parameters.handle)
  let message = try parameters.payload("msg", length: "msg_len")
  try queue.sender.send(message.span, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
  return Fields()
}

private func receive(
  _ peer: Peer, _ parameters: Parameters, _ timeout: Timeout, _ retryOnInterrupt: Bool
) throws -> Fields {
  let queue = try peer.sharedQueue(parameters.handle)
  let room = parameters.has("msg_len") ? try parameters.room("msg_len") : queue.slotSize
  let message = try [UInt8](atMost: room) { bytes in
    let length = try queue.receiver.receive(into: &bytes, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    if length == nil { throw Failure(.noData) }
  }
  var fields = Fields()
  fields.append("return", message.count)
  try parameters.report(message, as: "msg", in: &fields)
  return fields
}

private func place(_ queue: SharedQueue, _ parameters: Parameters) throws {
  let message = try parameters.payload("msg", length: "msg_len")
  guard message.count <= queue.slotSize else { throw Failure(.messageTooLong) }
  try queue.lock(.sharedQueueSend)
  queue.place(unsafe message.span.bytes)
}

private func peek(_ queue: SharedQueue) throws {
  let room = UnsafeMutableRawBufferPointer.allocate(byteCount: queue.slotSize, alignment: 8)
  defer { unsafe room.deallocate() }
  try queue.lock(.sharedQueueSend)
  guard try unsafe queue.peek(into: room) != nil else { throw Failure(.wouldBlock) }
}

final class SharedQueueHandle: Handle {
  let queue: SharedQueue

  init(_ queue: SharedQueue) { self.queue = queue }

  /// Does nothing: the queue stays open for other processes.
  func close() {}
}

extension Peer {
  func sharedQueue(_ name: String) throws -> SharedQueue {
    try handles.find(name, as: SharedQueueHandle.self, "queue").queue
  }
}
