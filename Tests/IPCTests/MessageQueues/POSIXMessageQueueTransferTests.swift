import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct POSIXMessageQueueTransferTests {
  @Test(arguments: [0, 1, 63, 64])
  func `A message arrives whole, with its length and priority`(length: Int) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      let sent = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) }
      try queue.send(sent.span, priority: 5)
      var bytes: [UInt8] = [42]
      let message = try queue.receive(appendingTo: &bytes)
      #expect(message.length == length)
      #expect(message.priority == 5)
      #expect(bytes == [42] + sent)
    }
  }

  @Test func `A message is appended to the contents of a span`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      try queue.send([7, 8])
      let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: 65) { buffer, count in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        span.append(1)
        let message = try queue.receive(into: &span)
        #expect(message.length == 2)
        count = unsafe span.finalize(for: memory)
      }
      #expect(bytes == [1, 7, 8])
    }
  }

  @Test func `The highest priority arrives first, and equal priorities in the order in which they were sent`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      let sent: [(UInt8, UInt32)] = [(1, 0), (2, POSIXMessageQueue.maximumPriority), (3, 1), (4, 1)]
      for (byte, priority) in sent { try queue.send([byte], priority: priority) }
      var bytes: [UInt8] = []
      for _ in 0..<4 { bytes += try queue.receive() }
      #expect(bytes == [2, 3, 4, 1])
    }
  }

  @Test func `A message that is too large, and a priority that is too high, are refused`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      let large = [UInt8](repeating: 0, count: 65)
      #expect(reason { try queue.send(large.span) } == .messageTooLong)
      #expect(reason { try queue.send([], priority: 32768) } == .invalidArgument)
      #expect(try queue.status().messageCount == 0)
    }
  }

  @Test(arguments: [0, 1, 63])
  func `Too little room is refused even for a short message, which stays in the queue`(maxLength: Int) throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      try queue.send([1])
      var bytes: [UInt8] = []
      let error = failure { _ = try queue.receive(maxLength: maxLength, appendingTo: &bytes) }
      #expect(error?.errno == .messageTooLong)
      #expect(error?.description.contains("longest message") == true)
      #expect(try queue.receive(maxLength: 64, appendingTo: &bytes).length == 1)
    }
  }

  @Test func `The non-waiting variants do not wait, and do not change the description`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      var bytes: [UInt8] = []
      #expect(try queue.tryReceive(appendingTo: &bytes) == nil)
      #expect(reason { _ = try queue.receive(timeout: .immediate) } == .wouldBlock)
      for _ in 0..<4 { #expect(try queue.trySend([1])) }
      #expect(try !queue.trySend([1]))
      #expect(reason { try queue.send([1], timeout: .immediate) } == .wouldBlock)
      #expect(try queue.tryReceive(appendingTo: &bytes)?.length == 1)
      #expect(try !queue.status().isNonBlocking)
    }
  }

  @Test func `A wait ends at its deadline, and not before`() async throws {
    try await onThread {
      try withQueueName { name in
        let queue = try POSIXMessageQueue.Duplex.scratch(name)
        let timeout = Timeout.after(.milliseconds(20))
        let error = failure { _ = try queue.receive(timeout: timeout) }
        #expect(error == IPCError(.mqTimedReceive, .timedOut, on: .name(name)))
        #expect(timeout.hasPassed)
        for _ in 0..<4 { try queue.send([1]) }
        let next = Timeout.after(.milliseconds(20))
        #expect(reason { try queue.send([1], timeout: next) } == .timedOut)
        #expect(next.hasPassed)
      }
    }
  }

  @Test func `With a deadline in the past, a transfer that does not need to wait succeeds`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      try queue.send([1], timeout: .after(.seconds(-1)))
      #expect(try queue.receive(timeout: .after(.seconds(-1))) == [1])
      #expect(reason { _ = try queue.receive(timeout: .after(.seconds(-1))) } == .timedOut)
      #expect(reason { _ = try queue.receive(timeout: .after(.seconds(-1e12))) } == .timedOut)
    }
  }

  @Test func `A non-blocking queue does not wait, regardless of the timeout, until the flag is cleared`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name, nonBlocking: true)
      #expect(reason { _ = try queue.receive() } == .wouldBlock)
      #expect(reason { _ = try queue.receive(timeout: .after(.seconds(3600))) } == .wouldBlock)
      #expect(try queue.setNonBlocking(false))
      #expect(try !queue.status().isNonBlocking)
      #expect(reason { _ = try queue.receive(timeout: .after(.zero)) } == .timedOut)
    }
  }

  @Test func `A message wakes a receiver`() async throws {
    try await withQueueName { name in
      let sender = try POSIXMessageQueue.Sender.create(
        name, attributes: .init(maximumMessages: 1, maximumMessageSize: 8))
      async let received = onThread { try POSIXMessageQueue.Receiver.open(name).receive() }
      try sender.send([9])
      #expect(try await received == [9])
    }
  }
}
