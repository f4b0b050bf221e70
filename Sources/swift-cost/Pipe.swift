internal import IPC

/// A pipe: one write and one read.
let pipeCosts = [
  Cost(name: "pipe") { run in
    let pipe = try AnonymousPipe()
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        require(try pipe.writer.write(message.span) == messageLength)
        room.removeAll(keepingCapacity: true)
        require(try pipe.reader.read(maxLength: messageLength, appendingTo: &room) == messageLength)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        require(try pipe.writer.write(unsafe UnsafeRawBufferPointer(buffers.message).bytes) == messageLength)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try pipe.reader.read(into: &room) == messageLength)
      }
    }
  }
]
