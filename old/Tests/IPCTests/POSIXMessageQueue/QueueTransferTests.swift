import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct QueueTransferTests {
  @Test(arguments: [0, 1, 63, 64]) func `a message arrives whole, with its length and priority`(length: Int) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      let sent = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) }
      #expect(try queue.send(sent, priority: 5) == .sent)
      var bytes: [UInt8] = [42]
      #expect(try queue.receive(appendingTo: &bytes) == .received(length: length, priority: 5))
      #expect(bytes == [42] + sent)
    }
  }

  @Test func `a message is appended to what a span already holds`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      _ = try queue.send([7, 8])
      let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: 65) { buffer, count in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        span.append(1)
        let result = try queue.receive(into: &span)
        #expect(result == .received(length: 2, priority: 0))
        count = unsafe span.finalize(for: memory)
      }
      #expect(bytes == [1, 7, 8])
    }
  }

  @Test func `the highest priority arrives first, and equals in the order of sending`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      for (byte, priority) in [(1, 0), (2, 32767), (3, 1), (4, 1)] as [(UInt8, UInt32)] {
        _ = try queue.send([byte], priority: priority)
      }
      var bytes: [UInt8] = []
      for _ in 0..<4 { _ = try queue.receive(appendingTo: &bytes) }
      #expect(bytes == [2, 3, 4, 1])
    }
  }

  @Test func `a message that is too large, and a priority that is too high, are refused`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      let large = [UInt8](repeating: 0, count: 65)
      #expect(reason { _ = try queue.send(large) } == .messageTooLong)
      #expect(reason { _ = try queue.send([], priority: 32768) } == .invalidArgument)
      #expect(try queue.status().messages == 0)
    }
  }

  @Test(arguments: [0, 1, 63]) func `too little room is refused whatever the message, which stays`(room: Int) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      _ = try queue.send([1])
      var bytes: [UInt8] = []
      let errno = reason { _ = try queue.receive(room: room, appendingTo: &bytes) }
      #expect(errno == .messageTooLong)
      #expect(try queue.receive(room: 64, appendingTo: &bytes) == .received(length: 1, priority: 0))
    }
  }

  @Test func `without patience, nothing waits, and the queue stays as it is for others`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      var bytes: [UInt8] = []
      #expect(try queue.receive(appendingTo: &bytes, patience: .none) == .wouldBlock)
      for _ in 0..<4 { #expect(try queue.send([1], patience: .none) == .sent) }
      #expect(try queue.send([1], patience: .none) == .wouldBlock)
      #expect(try queue.receive(appendingTo: &bytes, patience: .none) == .received(length: 1, priority: 0))
      #expect(try !queue.status().isNonBlocking)
    }
  }

  @Test func `a deadline is kept, not before its time`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      var bytes: [UInt8] = []
      let deadline = Deadline.after(.milliseconds(20))
      #expect(try queue.receive(appendingTo: &bytes, patience: .until(deadline)) == .timedOut)
      #expect(deadline.hasPassed)
      for _ in 0..<4 { _ = try queue.send([1]) }
      let next = Deadline.after(.milliseconds(20))
      #expect(try queue.send([1], patience: .until(next)) == .timedOut)
      #expect(next.hasPassed)
    }
  }

  @Test func `a deadline in the past does not keep from what need not wait`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      var bytes: [UInt8] = []
      #expect(try queue.send([1], patience: .atMost(.seconds(-1))) == .sent)
      #expect(
        try queue.receive(appendingTo: &bytes, patience: .atMost(.seconds(-1))) == .received(length: 1, priority: 0))
      #expect(try queue.receive(appendingTo: &bytes, patience: .atMost(.seconds(-1))) == .timedOut)
      #expect(try queue.receive(appendingTo: &bytes, patience: .atMost(.seconds(-1e12))) == .timedOut)
    }
  }

  @Test func `a non-blocking queue waits for nobody, and can be told to`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name, nonBlocking: true)
      var bytes: [UInt8] = []
      #expect(try queue.receive(appendingTo: &bytes, patience: .forever) == .wouldBlock)
      #expect(try queue.receive(appendingTo: &bytes, patience: .atMost(.seconds(60))) == .wouldBlock)
      #expect(try queue.setNonBlocking(false))
      #expect(try !queue.status().isNonBlocking)
      #expect(try queue.receive(appendingTo: &bytes, patience: .atMost(.zero)) == .timedOut)
    }
  }

  @Test func `a message wakes who waits for it`() async throws {
    try await withQueueName { name in
      let sender = try POSIXMessageQueue.Sender(
        creating: name, POSIXMessageQueue.Attributes(maximumMessages: 1, messageSize: 8), permissions: .ownerReadWrite)
      async let received = onThread {
        let receiver = try POSIXMessageQueue.Receiver(opening: name)
        var bytes: [UInt8] = []
        _ = try receiver.receive(appendingTo: &bytes)
        return bytes
      }
      #expect(try sender.send([9]) == .sent)
      #expect(try await received == [9])
    }
  }
}
