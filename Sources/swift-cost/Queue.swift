internal import IPC

/// A queue in shared memory.
let queueCosts = [
  Cost(name: "queue") { run in
    let queue = try SharedQueue.create(in: try run.map(4096), at: 0, slotCount: 4, slotSize: messageLength)
    let (sender, receiver) = (queue.sender, queue.receiver)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try sender.send(message.span)
        room.removeAll(keepingCapacity: true)
        require(try receiver.receive(appendingTo: &room) == messageLength)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try sender.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try receiver.receive(into: &room) == messageLength)
      }
    }
  }
]
