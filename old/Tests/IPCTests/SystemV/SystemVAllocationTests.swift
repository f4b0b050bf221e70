import IPC
import SystemPackage
import Testing

@Suite struct SystemVAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `bytes through shared memory under a semaphore cost no allocation`(_ patience: Patience) throws {
    try withSemaphores([1, 1]) { (set) throws in
      try withSegment { (segment) throws in
        let memory = try segment.attach()
        let message = [UInt8](repeating: 7, count: 64)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe buffer.deallocate() }
        var failures = 0
        let count = try allocations {
          var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
          if try set.perform([.acquire(0, undo: true), .acquire(1)], patience: patience) != .done { failures += 1 }
          try memory.write(message.span, at: 36)
          try memory.read(at: 36, into: &room)
          if try set.perform([.release(0, undo: true), .release(1)]) != .done { failures += 1 }
        }
        #expect(count == 0)
        #expect(failures == 0)
      }
    }
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `a message of up to a kilobyte costs no allocation`(_ patience: Patience) throws {
    try withMessageQueue { (queue) throws in
      let message = [UInt8](repeating: 7, count: 1016)
      var bytes: [UInt8] = []
      var failures = 0
      let count = try allocations {
        bytes.removeAll(keepingCapacity: true)
        if try queue.send(message.span, type: 1, patience: patience) != .sent { failures += 1 }
        let result = try queue.receive(.type(1), room: 1016, appendingTo: &bytes, patience: patience)
        if result != .received(length: 1016, type: 1) { failures += 1 }
      }
      #expect(count == 0)
      #expect(failures == 0)
    }
  }
}
