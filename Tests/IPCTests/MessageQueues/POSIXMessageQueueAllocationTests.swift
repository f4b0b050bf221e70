import IPC
import SystemPackage
import Testing

@Suite struct POSIXMessageQueueAllocationTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A message through a queue does not allocate`(_ timeout: Timeout) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      let message = [UInt8](repeating: 7, count: 64)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
      defer { unsafe buffer.deallocate() }
      var array: [UInt8] = []
      array.reserveCapacity(64)
      var failures = 0
      let count = try allocations {
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        for _ in 0..<2 { try queue.send(message.span, timeout: timeout) }
        let first = try queue.receive(into: &room, timeout: timeout)
        array.removeAll(keepingCapacity: true)
        let second = try queue.receive(appendingTo: &array, timeout: timeout)
        if first.length != 64 || second.length != 64 { failures += 1 }
      }
      #expect(count == 0)
      #expect(failures == 0)
    }
  }
}
