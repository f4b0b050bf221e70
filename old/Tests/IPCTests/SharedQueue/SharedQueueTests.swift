import IPC
import SystemPackage
import Testing

@Suite struct SharedQueueTests {
  @Test func `messages come in the order of sending, the slots over and over`() throws {
    let queue = try scratchQueue(slots: 3)
    for round in 0..<10 {
      for number in 0..<3 { #expect(try queue.sender.send("\(round)-\(number)") == .sent) }
      for number in 0..<3 { #expect(try queue.receiver.text() == "\(round)-\(number)") }
    }
    let status = try queue.status()
    #expect(status.messages == 0)
    #expect(!status.isClosed)
  }

  @Test func `without patience, full and empty are results`() throws {
    let queue = try scratchQueue(slots: 1)
    #expect(try queue.receiver.text() == nil)
    #expect(try queue.sender.send("one") == .sent)
    #expect(try queue.sender.send("two") == .wouldBlock)
    #expect(try queue.sender.send("two", patience: .atMost(.milliseconds(5))) == .timedOut)
    #expect(try queue.receiver.text(patience: .atMost(.seconds(-1))) == "one")
    var bytes: [UInt8] = []
    #expect(try queue.receiver.receive(appendingTo: &bytes, patience: .none) == .wouldBlock)
    #expect(try queue.receiver.receive(appendingTo: &bytes, patience: .atMost(.milliseconds(5))) == .timedOut)
  }

  @Test func `a message may be empty, and as long as a slot, and no longer`() throws {
    let queue = try scratchQueue(of: 5)
    #expect(try queue.sender.send("") == .sent)
    #expect(try queue.sender.send("12345") == .sent)
    #expect(reason { _ = try queue.sender.send("123456") } == .messageTooLong)
    #expect(try queue.receiver.text() == "")
    #expect(try queue.receiver.text() == "12345")
  }

  @Test func `a message for which there is no room stays`() throws {
    let queue = try scratchQueue()
    _ = try queue.sender.send("12345")
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    defer { unsafe room.deallocate() }
    // What the span has already is not room.
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 4)
    #expect(throws: IPCError(call: "ipc_queue_receive", errno: .messageTooLong)) {
      _ = try queue.receiver.receive(into: &bytes, patience: .none)
    }
    #expect(bytes.byteCount == 4)
    #expect(try queue.receiver.text() == "12345")
  }

  @Test func `a closed queue is drained, and then it has ended`() throws {
    let queue = try scratchQueue()
    _ = try queue.sender.send("one")
    try queue.close()
    #expect(try queue.sender.send("two", patience: .forever) == .closed)
    #expect(try queue.receiver.text(patience: .forever) == "one")
    var bytes: [UInt8] = []
    #expect(try queue.receiver.receive(appendingTo: &bytes) == .ended)
    #expect(try queue.status().isClosed)
  }

  @Test func `a selection gives each queue its turn, and passes over those that have ended`() throws {
    let queues = try (0..<3).map { _ in try scratchQueue() }
    var selection = try SharedQueue.Selection(of: queues.map(\.receiver))
    #expect(try selection.text() == nil)
    for queue in queues { for _ in 0..<2 { _ = try queue.sender.send("x") } }
    let turns = try (0..<6).map { _ in try selection.text()?.1 }
    #expect(turns == [0, 1, 2, 0, 1, 2])
    try queues[0].close()
    _ = try queues[1].sender.send("y")
    let next = try selection.text()
    #expect(next?.1 == 1)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
    defer { unsafe room.deallocate() }
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    #expect(try selection.receive(into: &bytes, patience: .atMost(.milliseconds(5))) == .timedOut)
    #expect(try selection.receive(into: &bytes, patience: .none) == .wouldBlock)
    for queue in queues { try queue.close() }
    #expect(try selection.receive(into: &bytes) == .ended)
  }

  @Test(arguments: [0, 129]) func `a selection has 1 to 128 queues`(_ count: Int) throws {
    let receiver = try scratchQueue().receiver
    #expect(reason { _ = try SharedQueue.Selection(of: Array(repeating: receiver, count: count)) } == .invalidArgument)
    #expect(reason { _ = try SharedQueue.Selection(of: Array(repeating: receiver, count: 128)) } == nil)
  }

  @Test(arguments: [(0, 1), (1, 0), (-1, 8), (8, -1), (1 << 30 + 1, 1), (1, .max)])
  func `impossible sizes are refused`(_ slots: Int, _ size: Int) throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue(makingIn: region, at: 0, slots: slots, of: size) } == .invalidArgument)
  }

  @Test(arguments: [-8, 3968, 4096, .max - 7])
  func `a queue lies in its memory`(_ offset: Int) throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue(makingIn: region, at: offset, slots: 1, of: 1) } == .badAddress)
    #expect(reason { _ = try SharedQueue(in: region, at: offset) } != nil)
  }

  @Test func `what is no queue is not opened`() throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue(in: region, at: 0) } == .invalidArgument)
    _ = try SharedQueue(makingIn: region, at: 64, slots: 2, of: 3)
    let queue = try SharedQueue(in: region, at: 64)
    #expect(queue.slotCount == 2)
    #expect(queue.slotSize == 3)
  }

  @Test(arguments: [Patience.none, .atMost(.milliseconds(5))])
  func `who is stopped with the queue in hand keeps nobody who does not want to wait`(_ patience: Patience) throws {
    let object = try scratchMemory(4096)
    let view = try object.map()
    let queue = try SharedQueue(makingIn: SharedRegion(try object.map()), at: 0, slots: 4, of: 16)
    _ = try queue.sender.send("one")
    // The greatest number that a thread could have: it is nobody's, and so does not go on.
    try view.write(([0xFF, 0xFF, 0xFF, 0x3F] as [UInt8]).span, at: 64)
    #expect(try !queue.close(patience: patience))
    #expect(try queue.status(patience: patience) == nil)
    #expect(try queue.sender.send("two", patience: patience) == (patience == .none ? .wouldBlock : .timedOut))
    try view.write(([0, 0, 0, 0] as [UInt8]).span, at: 64)
    #expect(try queue.status(patience: patience)?.messages == 1)
    #expect(try queue.close(patience: patience))
    #expect(try queue.status(patience: patience)?.isClosed == true)
  }

  @Test func `in the middle of an operation there is no other`() throws {
    let (queue, other) = (try scratchQueue(), try scratchQueue())
    #expect(try queue.lock())
    #expect(reason { _ = try queue.sender.send("x") } == .deadlock)
    #expect(reason { _ = try other.receiver.text() } == .deadlock)
    queue.unlock()
    #expect(try other.sender.send("x") == .sent)
  }
}
