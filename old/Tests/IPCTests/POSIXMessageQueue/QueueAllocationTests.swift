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
      let count = try allocations {
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        for _ in 0..<2 where try queue.send(message.span, patience: patience) != .sent { failures += 1 }
        if try queue.receive(into: &room, patience: patience) != .received(length: 64, priority: 0) { failures += 1 }
        array.removeAll(keepingCapacity: true)
        if try queue.receive(appendingTo: &array, patience: patience) != .received(length: 64, priority: 0) {
          failures += 1
        }
      }
      #expect(count == 0)
      #expect(failures == 0)
    }
  }
}
