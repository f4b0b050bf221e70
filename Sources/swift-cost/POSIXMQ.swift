internal import IPC

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A POSIX message queue: one message with a priority.
let posixMQCosts = [
  Cost(name: "posix-mq") { run in
    let name = POSIXName("/ipc-cost-\(getpid())")
    let queue = try POSIXMessageQueue.Duplex.create(
      name, attributes: .init(maximumMessages: 4, maximumMessageSize: messageLength))
    try POSIXMessageQueue.unlink(name)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try queue.send(message.span, priority: 7)
        room.removeAll(keepingCapacity: true)
        let received = try queue.receive(appendingTo: &room)
        require(received.length == messageLength && received.priority == 7)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try queue.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes, priority: 7)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        let received = try queue.receive(into: &room)
        require(received.length == messageLength && received.priority == 7)
      }
    }
  }
]
