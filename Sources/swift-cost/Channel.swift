internal import IPC

/// A message channel over a pipe.
let channelCosts = [
  Cost(name: "channel") { run in
    let pipe = try AnonymousPipe()
    var sender = MessageChannel.Sender(pipe.writer)
    var receiver = MessageChannel.Receiver(pipe.reader)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      for _ in 0..<run.count {
        try sender.send(message.span)
        require(try receiver.receive(into: &room) == messageLength)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try sender.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
        require(try receiver.withNext { $0.byteCount } == messageLength)
      }
    }
  }
]
