import IPC
import SystemPackage
import Testing

@Suite struct SharedQueueTests {
  @Test func `A message that is too long keeps its turn in a selection`() throws {
    let queues = [try scratchQueue(), try scratchQueue()]
    var selection = try SharedQueue.Selection(of: queues.map(\.receiver))
    try queues[0].sender.send("long")
    try queues[1].sender.send("x")
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 8)
    defer { unsafe room.deallocate() }
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    #expect(reason { _ = try selection.receive(into: &bytes) } == .messageTooLong)
    let next = try selection.text()
    #expect(next?.0 == "long" && next?.1 == 0)
  }

  @Test func `Messages are received in the order in which they were sent while the slots are reused`() throws {
    let queue = try scratchQueue(slots: 3)
    for round in 0..<10 {
      for number in 0..<3 { try queue.sender.send("\(round)-\(number)") }
      for number in 0..<3 { #expect(try queue.receiver.text() == "\(round)-\(number)") }
    }
    let status = try queue.status()
    #expect(status.messageCount == 0)
    #expect(!status.isClosed)
  }

  @Test func `Without waiting, a full or empty queue would block`() throws {
    let queue = try scratchQueue(slots: 1)
    #expect(try queue.receiver.text() == nil)
    try queue.sender.send("one")
    #expect(reason { try queue.sender.send("two") } == .wouldBlock)
    #expect(try queue.sender.trySend(unsafe "two".utf8.span.bytes) == false)
    #expect(reason { try queue.sender.send("two", timeout: .after(.milliseconds(5))) } == .timedOut)
    #expect(try queue.receiver.text(timeout: .after(.seconds(-1))) == "one")
    var bytes: [UInt8] = []
    #expect(reason { _ = try queue.receiver.receive(appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    #expect(
      reason { _ = try queue.receiver.receive(appendingTo: &bytes, timeout: .after(.milliseconds(5))) } == .timedOut)
    var room = OutputRawSpan()
    #expect(try queue.receiver.tryReceive(into: &room) == .wouldBlock)
    try queue.close()
    #expect(try queue.receiver.tryReceive(into: &room) == .endOfStream)
  }

  @Test func `A call that does not wait does not lock a full or empty queue`() throws {
    let queue = try scratchQueue(slots: 1)
    var room = OutputRawSpan()
    // From now on, a call that locks the queue would throw `.deadlock`.
    try queue.lock(.sharedQueueStatus)
    #expect(try queue.receiver.tryReceive(into: &room) == .wouldBlock)
    #expect(reason { _ = try queue.sender.trySend(room.bytes) } == .deadlock)
    queue.unlock()
    try queue.sender.send("")
    try queue.lock(.sharedQueueStatus)
    #expect(try queue.sender.trySend(room.bytes) == false)
    #expect(reason { _ = try queue.receiver.tryReceive(into: &room) } == .deadlock)
    queue.unlock()
    try queue.close()
    #expect(reason { _ = try queue.sender.trySend(room.bytes) } == .brokenPipe)
  }

  @Test func `A message is empty or up to as long as a slot`() throws {
    let queue = try scratchQueue(of: 5)
    try queue.sender.send("")
    try queue.sender.send("12345")
    #expect(reason { try queue.sender.send("123456") } == .messageTooLong)
    #expect(try queue.receiver.text() == "")
    #expect(try queue.receiver.text() == "12345")
  }

  @Test func `A message that does not fit stays in the queue`() throws {
    let queue = try scratchQueue()
    try queue.sender.send("12345")
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    defer { unsafe room.deallocate() }
    // The call must not use the initialized part of the span as free space.
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 4)
    #expect(throws: IPCError(.sharedQueueReceive, .messageTooLong)) {
      _ = try queue.receiver.receive(into: &bytes, timeout: .immediate)
    }
    #expect(bytes.byteCount == 4)
    #expect(try queue.receiver.text() == "12345")
  }

  @Test func `A closed queue is drained, and then ends`() throws {
    let queue = try scratchQueue()
    try queue.sender.send("one")
    try queue.close()
    #expect(reason { try queue.sender.send("two", timeout: .never) } == .brokenPipe)
    #expect(try queue.receiver.text(timeout: .never) == "one")
    var bytes: [UInt8] = []
    #expect(try queue.receiver.receive(appendingTo: &bytes) == nil)
    #expect(try queue.status().isClosed)
  }

  @Test func `A selection serves the queues in turn, and skips those that have ended`() throws {
    let queues = try (0..<3).map { _ in try scratchQueue() }
    var selection = try SharedQueue.Selection(of: queues.map(\.receiver))
    #expect(try selection.text() == nil)
    for queue in queues { for _ in 0..<2 { try queue.sender.send("x") } }
    let turns = try (0..<6).map { _ in try selection.text()?.1 }
    #expect(turns == [0, 1, 2, 0, 1, 2])
    try queues[0].close()
    try queues[1].sender.send("y")
    let next = try selection.text()
    #expect(next?.1 == 1)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
    defer { unsafe room.deallocate() }
    var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    #expect(reason { _ = try selection.receive(into: &bytes, timeout: .after(.milliseconds(5))) } == .timedOut)
    #expect(try selection.tryReceive(into: &bytes) == .wouldBlock)
    for queue in queues { try queue.close() }
    #expect(try selection.receive(into: &bytes) == nil)
    #expect(try selection.tryReceive(into: &bytes) == .endOfStream)
  }

  @Test(arguments: [0, 129]) func `A selection has 1 to 128 queues`(_ count: Int) throws {
    let receiver = try scratchQueue().receiver
    #expect(reason { _ = try SharedQueue.Selection(of: Array(repeating: receiver, count: count)) } == .invalidArgument)
    #expect(reason { _ = try SharedQueue.Selection(of: Array(repeating: receiver, count: 128)) } == nil)
  }

  @Test(arguments: [
    (0, 1), (1, 0), (-1, 1), (1, -1), (-1, 8), (8, -1), ((1 << 30) + 1, 1), (1, (1 << 30) + 1), (1, .max), (.max, .max),
    (.min, .min),
  ])
  func `Impossible sizes are an error`(_ slots: Int, _ size: Int) throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue.size(slotCount: slots, slotSize: size) } == .invalidArgument)
    #expect(
      reason { _ = try SharedQueue.create(in: region, at: 0, slotCount: slots, slotSize: size) } == .invalidArgument)
  }

  @Test func `Sizes larger than the memory are an error of the memory`() throws {
    #expect(try SharedQueue.size(slotCount: 1, slotSize: 1) == 144)
    #expect(try SharedQueue.size(slotCount: 1 << 30, slotSize: 1 << 30) == 128 + (1 << 30) * (8 + (1 << 30)))
    let region = try SharedRegion(size: 4096)
    #expect(
      reason { _ = try SharedQueue.create(in: region, at: 0, slotCount: 1 << 30, slotSize: 1 << 30) } == .badAddress)
  }

  @Test(arguments: [-8, 3968, 4096, .max - 7])
  func `A queue outside its memory is refused`(_ offset: Int) throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue.create(in: region, at: offset, slotCount: 1, slotSize: 1) } == .badAddress)
    #expect(reason { _ = try SharedQueue.open(in: region, at: offset) } != nil)
  }

  @Test func `Memory without a queue is not opened as one`() throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue.open(in: region, at: 0) } == .invalidArgument)
    _ = try SharedQueue.create(in: region, at: 64, slotCount: 2, slotSize: 3)
    let queue = try SharedQueue.open(in: region, at: 64)
    #expect(queue.slotCount == 2)
    #expect(queue.slotSize == 3)
  }

  @Test(arguments: [Timeout.immediate, .after(.milliseconds(5))])
  func `A stopped owner of the lock does not block calls with a timeout`(_ timeout: Timeout) throws {
    let region = try SharedRegion(size: 4096)
    let queue = try SharedQueue.create(in: region, at: 0, slotCount: 4, slotSize: 16)
    try queue.sender.send("one")
    // The largest possible thread ID does not belong to any thread, so the lock is never released.
    try region.store(UInt32(0x3FFF_FFFF), at: 64)
    let expected: Errno = timeout == .immediate ? .wouldBlock : .timedOut
    #expect(reason { try queue.close(timeout: timeout) } == expected)
    #expect(reason { _ = try queue.status(timeout: timeout) } == expected)
    #expect(reason { try queue.sender.send("two", timeout: timeout) } == expected)
    try region.store(UInt32(0), at: 64)
    #expect(try queue.status(timeout: timeout).messageCount == 1)
    try queue.close(timeout: timeout)
    #expect(try queue.status(timeout: timeout).isClosed)
  }

  @Test func `Starting an operation in the middle of another one is reported as a deadlock`() throws {
    let (queue, other) = (try scratchQueue(), try scratchQueue())
    try queue.lock(.sharedQueueSend)
    #expect(reason { try queue.sender.send("x") } == .deadlock)
    #expect(reason { _ = try other.receiver.text() } == .deadlock)
    queue.unlock()
    try other.sender.send("x")
  }

  @Test func `Messages are built and received in their slots`() throws {
    let queue = try scratchQueue(slots: 1, of: 8)
    for round in 0..<3 {
      let length = try queue.sender.send { room in
        for byte in 0...UInt8(round) { room.append(byte) }
      }
      #expect(length == round + 1)
      #expect(reason { _ = try queue.sender.send(timeout: .immediate) { _ in } } == .wouldBlock)
      let sum = try queue.receiver.withNext { bytes in
        bytes.byteOffsets.reduce(0) { $0 + Int(unsafe bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self)) }
      }
      #expect(sum == (0...round).reduce(0, +))
    }
    #expect(reason { _ = try queue.receiver.withNext(timeout: .immediate) { _ in } } == .wouldBlock)
    try queue.close()
    #expect(try queue.receiver.withNext { _ in true } == nil)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A message does not allocate`(_ timeout: Timeout) throws {
    let (queue, other) = (try scratchQueue(of: 64), try scratchQueue(of: 64))
    var selection = try SharedQueue.Selection(of: [queue.receiver, other.receiver])
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      for _ in 0..<3 { try queue.sender.send(message.span, timeout: timeout) }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try queue.receiver.receive(into: &room, timeout: timeout) != 64 { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try queue.receiver.receive(appendingTo: &array, timeout: timeout) != 64 { failures += 1 }
      room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try selection.receive(into: &room, timeout: timeout)?.length != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }
}
