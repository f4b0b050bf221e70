import Foundation
import IPC
import SystemPackage
import Testing

/// Signals concern the whole process, so each of these runs in one of its own.
@Suite struct QueueSignalTests {
  @Test func `a registration fires once, with its value, and belongs to one`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let told = try Told(by: SIGUSR1)
        let queue = try POSIXMessageQueue.Duplex(scratch: name)
        let other = try POSIXMessageQueue.Receiver(opening: name)
        try queue.register(.signal(SIGUSR1, value: 77))
        #expect(reason { try other.register(.silent) } == .resourceBusy)
        _ = try queue.send([1])
        #expect(try told.next() == 77)
        // The queue is not empty any more, and the registration is spent.
        try other.register(.signal(SIGUSR1, value: 78))
        _ = try queue.send([2])
        var bytes: [UInt8] = []
        for _ in 0..<2 { _ = try queue.receive(appendingTo: &bytes) }
        _ = try queue.send([3])
        #expect(try told.next() == 78)
        #expect(told.isSilent)
      }
    }
  }

  @Test func `whoever ends the registration, or closes the queue, is told nothing`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let told = try Told(by: SIGUSR1)
        let queue = try POSIXMessageQueue.Duplex(scratch: name)
        try queue.register(.signal(SIGUSR1))
        try queue.deregister()
        let other = try POSIXMessageQueue.Receiver(opening: name)
        try other.register(.signal(SIGUSR1))
        try other.close()
        _ = try queue.send([1])
        #expect(told.isSilent)
      }
    }
  }

  @Test func `a number that is no signal is refused`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      #expect(reason { try queue.register(.signal(4000)) } == .invalidArgument)
    }
  }

  @Test func `an interruption is reported to who asked, and else the wait goes on`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let queue = try POSIXMessageQueue.Duplex(scratch: name)
        let nagging = Nagging()
        var bytes: [UInt8] = []
        let errno = reason {
          _ = try queue.receive(appendingTo: &bytes, patience: .forever, interruption: .report)
        }
        #expect(errno == .interrupted)
        let deadline = Deadline.after(.milliseconds(30))
        #expect(try queue.receive(appendingTo: &bytes, patience: .until(deadline)) == .timedOut)
        #expect(deadline.hasPassed)
        nagging.end()
      }
    }
  }

  @Test func `the descriptor is ready to read once a message is there, and to write while there is room`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      #expect(try Readiness.of(queue.descriptor, for: [.readable, .writable]) == .writable)
      for _ in 0..<4 { _ = try queue.send([1]) }
      #expect(try Readiness.of(queue.descriptor, for: [.readable, .writable]) == .readable)
    }
  }
}
