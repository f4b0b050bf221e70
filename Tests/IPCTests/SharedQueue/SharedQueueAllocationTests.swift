import AllocationCount
import IPC
import Testing

@Suite struct SharedQueueAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(60)), .none])
  func `a message through a queue costs no allocation`(_ patience: Patience) throws {
    let (queue, other) = (try scratchQueue(of: 64), try scratchQueue(of: 64))
    var selection = try SharedQueue.Selection(of: [queue.receiver, other.receiver])
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    var before = 0
    for round in 0...10_000 {
      // The first round also makes what the runtime makes once.
      if round == 1 { before = allocation_count() }
      for _ in 0..<3 where try queue.sender.send(message.span, patience: patience) != .sent { failures += 1 }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try queue.receiver.receive(into: &room, patience: patience) != .received(length: 64) { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try queue.receiver.receive(appendingTo: &array, patience: patience) != .received(length: 64) { failures += 1 }
      room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try selection.receive(into: &room, patience: patience) != .received(length: 64, from: 0) { failures += 1 }
    }
    #expect(allocation_count() - before == 0)
    #expect(failures == 0)
  }
}
