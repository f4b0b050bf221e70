import AllocationCount
import IPC
import SystemPackage
import Testing

@Suite struct QueueAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `a message through a queue costs no allocation`(_ patience: Patience) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
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
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        for _ in 0..<2 where try queue.send(message.span, patience: patience) != .sent { failures += 1 }
        if try queue.receive(into: &room, patience: patience) != .received(length: 64, priority: 0) { failures += 1 }
        array.removeAll(keepingCapacity: true)
        if try queue.receive(appendingTo: &array, patience: patience) != .received(length: 64, priority: 0) {
          failures += 1
        }
      }
      #expect(allocation_count() - before == 0)
      #expect(failures == 0)
    }
  }
}
