import IPC
import SystemPackage
import Testing

@Suite struct SystemVAllocationTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `Bytes through shared memory protected by a semaphore do not allocate`(_ timeout: Timeout) throws {
    try withSemaphores([1, 1]) { (set) throws in
      try withSegment { (segment) throws in
        let memory = try segment.attach()
        let message = [UInt8](repeating: 7, count: 64)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe buffer.deallocate() }
        var failures = 0
        let count = try allocations {
          var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
          try set.perform([.acquire(0, undo: true), .acquire(1)], timeout: timeout)
          try memory.copy(message.span, at: 36)
          try memory.copy(at: 36, into: &room)
          try set.perform([.release(0, undo: true), .release(1)])
          if room.byteCount != 64 { failures += 1 }
        }
        #expect(count == 0)
        #expect(failures == 0)
      }
    }
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A message of up to 8 KiB does not allocate`(_ timeout: Timeout) throws {
    try withMessageQueue { (queue) throws in
      let message = [UInt8](repeating: 7, count: 8192)
      var bytes: [UInt8] = []
      var failures = 0
      let count = try allocations {
        bytes.removeAll(keepingCapacity: true)
        try queue.send(message.span, type: 1, timeout: timeout)
        let received = try queue.receive(.type(1), appendingTo: &bytes, timeout: timeout)
        if received.length != 8192 { failures += 1 }
      }
      #expect(count == 0)
      #expect(failures == 0)
    }
  }
}
