internal import IPC

/// A System V message queue: one message with a type.
let systemVMessageCosts = [
  Cost(name: "sysv-msg") { run in
    let queue = try SystemVMessageQueue.create(.private)
    defer { try? queue.remove() }
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try queue.send(message.span, type: 7)
        room.removeAll(keepingCapacity: true)
        let received = try queue.receive(maxLength: messageLength, appendingTo: &room)
        require(received.length == messageLength && received.type == 7)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try queue.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes, type: 7)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        let received = try queue.receive(into: &room)
        require(received.length == messageLength && received.type == 7)
      }
    }
  }
]
