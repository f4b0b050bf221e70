internal import IPC
internal import SystemPackage

/// Sockets: a connection, a sequenced packet, datagrams received with the sender's address, and a passed descriptor.
let socketCosts = [
  Cost(name: "unix-stream") { run in
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    try runStream(run, from: pair.first, to: pair.second)
  },

  Cost(name: "seqpacket") { run in
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try pair.first.send(message.span)
        room.removeAll(keepingCapacity: true)
        require(try pair.second.receive(maxLength: messageLength, appendingTo: &room)?.length == messageLength)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try pair.first.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try pair.second.receive(into: &room)?.length == messageLength)
      }
    }
  },

  Cost(name: "unix-datagram") { run in
    let sender = try UnixSocket.Datagram()
    let receiver = try UnixSocket.Datagram()
    try sender.bind(to: .unnamed)
    try receiver.bind(to: .unnamed)
    let address = try receiver.address
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try sender.send(message.span, to: address)
        room.removeAll(keepingCapacity: true)
        let received = try receiver.receive(maxLength: messageLength, appendingTo: &room)
        require(received.length == messageLength && !received.sender.isUnnamed)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try sender.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes, to: address)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        let received = try receiver.receive(into: &room)
        require(received.length == messageLength && !received.sender.isUnnamed)
      }
    }
  },

  Cost(name: "tcp") { run in
    let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
    let client = try TCP.Stream(.v4)
    try client.connect(to: try listener.address)
    try client.setNoDelay(true)
    try runStream(run, from: client, to: try listener.accept())
  },

  Cost(name: "udp") { run in
    let sender = try UDP.Socket(at: SocketAddress(.loopback(.v4), port: 0))
    let receiver = try UDP.Socket(at: SocketAddress(.loopback(.v4), port: 0))
    let (senderPort, address) = (try sender.address.port, try receiver.address)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try sender.send(message.span, to: address)
        room.removeAll(keepingCapacity: true)
        let received = try receiver.receive(maxLength: messageLength, appendingTo: &room)
        require(received.length == messageLength && received.sender.port == senderPort)
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try sender.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes, to: address)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        let received = try receiver.receive(into: &room)
        require(received.length == messageLength && received.sender.port == senderPort)
      }
    }
  },

  Cost(name: "descriptor") { run in
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let passed: [1 of FileDescriptor] = [.standardError]
    var ancillary = AncillaryData(maximumDescriptors: 1)
    if run.usesArrays {
      let message = [UInt8](repeating: 1, count: messageLength)
      var room: [UInt8] = []
      room.reserveCapacity(messageLength)
      for _ in 0..<run.count {
        try pair.first.send(message.span, descriptors: passed.span)
        room.removeAll(keepingCapacity: true)
        let received = try pair.second.receive(
          maxLength: messageLength, appendingTo: &room, ancillary: &ancillary)
        require(received?.length == messageLength)
        try ancillary.takeDescriptor()?.close()
      }
    } else {
      let buffers = Buffers()
      for _ in 0..<run.count {
        try pair.first.send(unsafe UnsafeRawBufferPointer(buffers.message).bytes, descriptors: passed.span)
        var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
        require(try pair.second.receive(into: &room, ancillary: &ancillary)?.length == messageLength)
        try ancillary.takeDescriptor()?.close()
      }
    }
  },
]

private func runStream<Sink: WritableDescriptor & ~Copyable, Source: ReadableDescriptor & ~Copyable>(
  _ run: Run, from sink: borrowing Sink, to source: borrowing Source
) throws {
  if run.usesArrays {
    let message = [UInt8](repeating: 1, count: messageLength)
    var room: [UInt8] = []
    room.reserveCapacity(messageLength)
    for _ in 0..<run.count {
      require(try sink.write(message.span) == messageLength)
      room.removeAll(keepingCapacity: true)
      require(try source.read(maxLength: messageLength, appendingTo: &room) == messageLength)
    }
  } else {
    let buffers = Buffers()
    for _ in 0..<run.count {
      require(try sink.write(unsafe UnsafeRawBufferPointer(buffers.message).bytes) == messageLength)
      var room = unsafe OutputRawSpan(buffer: buffers.room, initializedCount: 0)
      require(try source.read(into: &room) == messageLength)
    }
  }
}
