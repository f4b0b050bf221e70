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
    let count = try allocations {
      for _ in 0..<3 where try queue.sender.send(message.span, patience: patience) != .sent { failures += 1 }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try queue.receiver.receive(into: &room, patience: patience) != .received(length: 64) { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try queue.receiver.receive(appendingTo: &array, patience: patience) != .received(length: 64) { failures += 1 }
      room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try selection.receive(into: &room, patience: patience) != .received(length: 64, from: 0) { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }
}
