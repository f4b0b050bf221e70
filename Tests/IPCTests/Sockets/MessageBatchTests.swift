import IPC
import SystemPackage
import Testing

@Suite struct MessageBatchTests {
  @Test func `Messages are sent and received together, and keep their boundaries`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let messages = ["one", "longer", ""].map { Array($0.utf8) }
    #expect(try pair.first.send(batch: Array(messages.dropLast())) == 2)
    let batch = try pair.second.receiveBatch(8, maxLength: 4)
    #expect(batch.messages == [Array("one".utf8), Array("long".utf8)])
    #expect(batch.originalLengths == [3, 6])
    #expect(reason { _ = try pair.second.receiveBatch(8, maxLength: 4, timeout: .immediate) } == .wouldBlock)
    let timeout = Timeout.after(.milliseconds(10))
    #expect(reason { _ = try pair.second.receiveBatch(8, maxLength: 4, timeout: timeout) } == .timedOut)
    #expect(timeout.hasPassed)
  }

  @Test func `Only as many messages as fit into a call are sent`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    let most = UnixSocket.Socket<UnixSocket.DatagramStyle>.maximumBatch
    let sent = try pair.first.send(batch: Array(repeating: [1], count: most + 1), timeout: .immediate)
    #expect(sent <= most)
    #expect(try pair.second.receiveBatch(most + 1, maxLength: 4).messages.count == sent)
    #expect(try pair.first.send(batch: []) == 0)
  }

  /// The kernel accepts at most 1024 messages per call (`UIO_MAXIOV`).
  @Test func `More messages than the kernel accepts in one call are sent in order by several calls`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    let most = UnixSocket.Socket<UnixSocket.SequencedPacketStyle>.maximumBatch
    let messages = (0..<1100).map { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    var received: [[UInt8]] = []
    while received.count < messages.count {
      let rest = Array(messages[received.count...])
      let sent = try pair.first.send(batch: rest, timeout: .immediate)
      try #require(sent == min(most, rest.count))
      received += try pair.second.receiveBatch(most + 1, maxLength: 4, timeout: .immediate).messages
    }
    #expect(received == messages)
  }
}

@Suite struct SocketTimeLimitTests {
  @Test func `Accepting, connecting and sending to an address end at the limit of the socket`() async throws {
    let limit = Duration.milliseconds(10)
    try await onThread {
      expectEnd {
        let listener = try UnixSocket.StreamListener(at: freshName())
        try listener.setReceiveTimeLimit(limit)
        #expect(reason { _ = try listener.accept() } == .wouldBlock)
      }
      expectEnd {
        let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
        try listener.setReceiveTimeLimit(limit)
        #expect(reason { _ = try listener.accept() } == .wouldBlock)
      }
      expectEnd {
        let address = try freshName()
        let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
        let first = try UnixSocket.Stream()
        try first.connect(to: address)
        let second = try UnixSocket.Stream()
        try second.setSendTimeLimit(limit)
        #expect(reason { try second.connect(to: address) } == .wouldBlock)
        try listener.close()
      }
      expectEnd {
        let address = try freshName()
        let receiver = try UnixSocket.Datagram()
        try receiver.bind(to: address)
        let sender = try UnixSocket.Datagram()
        try sender.setSendTimeLimit(limit)
        let message: [UInt8] = [1]
        while try sender.trySend(message.span, to: address) {}
        #expect(reason { try sender.send(message.span, to: address) } == .wouldBlock)
        try receiver.close()
      }
    }
  }

  @Test func `A call without a timeout honours the limit of its socket`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(try pair.first.receiveTimeLimit == nil)
    #expect(try pair.first.sendTimeLimit == nil)
    try pair.first.setReceiveTimeLimit(.milliseconds(20))
    try pair.first.setSendTimeLimit(.milliseconds(40))
    #expect(try pair.first.receiveTimeLimit == .milliseconds(20))
    #expect(try pair.first.sendTimeLimit == .milliseconds(40))
    var bytes: [UInt8] = []
    #expect(reason { _ = try pair.first.read(maxLength: 9, appendingTo: &bytes) } == .wouldBlock)
    let timeout = Timeout.after(.milliseconds(60))
    #expect(reason { _ = try pair.first.read(maxLength: 9, appendingTo: &bytes, timeout: timeout) } == .timedOut)
    #expect(timeout.hasPassed)
    let many = [UInt8](repeating: 0, count: 1 << 20)
    #expect(reason { try pair.first.writeAll(many.span) } != nil)
    try pair.first.setReceiveTimeLimit(nil)
    #expect(try pair.first.receiveTimeLimit == nil)
  }

  @Test func `The low-water mark is set and returned`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    #expect(try pair.first.receiveLowWaterMark == 1)
    try pair.first.setReceiveLowWaterMark(7)
    #expect(try pair.first.receiveLowWaterMark == 7)
  }

  @Test func `A message carries a descriptor of its sender`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.DatagramStyle>()
    try pair.second.setPassProcess(true)
    #expect(try pair.second.passProcess)
    try pair.first.send([1].span)
    var ancillary = AncillaryData()
    var bytes: [UInt8] = []
    _ = try pair.second.receive(maxLength: 9, appendingTo: &bytes, ancillary: &ancillary)
    let sender = try ancillary.takeSender()?.processID
    #expect(sender == .current)
    let isLast = ancillary.takeSender() == nil
    #expect(isLast)
  }
}
