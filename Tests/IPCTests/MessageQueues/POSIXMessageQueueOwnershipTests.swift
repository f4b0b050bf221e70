import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct POSIXMessageQueueOwnershipTests {
  @Test func `A queue is not removed while one of its owners is alive`() async {
    // In the same process, other tests could start children that briefly hold copies of the descriptors.
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let first = try POSIXMessageQueue.Duplex.scratch(name)
        let second = try POSIXMessageQueue.Receiver.open(name)
        try first.markOwned()
        try second.markOwned()
        #expect(try !POSIXMessageQueue.unlinkIfAbandoned(name))
        try first.close()
        #expect(try !POSIXMessageQueue.unlinkIfAbandoned(name))
        try second.close()
        #expect(try POSIXMessageQueue.unlinkIfAbandoned(name))
        #expect(reason { _ = try POSIXMessageQueue.Receiver.open(name) } == .noSuchFileOrDirectory)
      }
    }
  }

  @Test func `A queue whose owner was killed is removed`() async throws {
    try await withQueueName { (name) async throws in
      let text = name.description
      await #expect(processExitsWith: .signal(SIGKILL)) { [text = text as String] in
        let queue = try POSIXMessageQueue.Duplex.scratch(POSIXName(text))
        try queue.markOwned()
        try #require(try !POSIXMessageQueue.unlinkIfAbandoned(POSIXName(text)))
        kill(getpid(), SIGKILL)
      }
      // A process that has opened the queue without marking it as owned does not prevent its removal.
      let other = try POSIXMessageQueue.Receiver.open(name)
      #expect(try POSIXMessageQueue.unlinkIfAbandoned(name))
      #expect(reason { try other.markOwned() } == .noSuchFileOrDirectory)
    }
  }

  @Test func `If no queue has the name, nothing is removed`() throws {
    let isRemoved = try withQueueName { (name) throws in try POSIXMessageQueue.unlinkIfAbandoned(name) }
    #expect(!isRemoved)
  }

  @Test func `A queue whose name was removed cannot be marked, and its successor is not removed`() throws {
    try withQueueName { name in
      let old = try POSIXMessageQueue.Duplex.scratch(name)
      try POSIXMessageQueue.unlink(name)
      let new = try POSIXMessageQueue.Duplex.scratch(name)
      try new.markOwned()
      #expect(reason { try old.markOwned() } == .noSuchFileOrDirectory)
      #expect(try !POSIXMessageQueue.unlinkIfAbandoned(name))
    }
  }

  @Test func `Marking waits while another process checks the queue, not longer than its timeout`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      let checker = try POSIXMessageQueue.Receiver.open(name)
      try #require(flock(checker.descriptor.rawValue, LOCK_EX) == 0)
      let timeout = Timeout.after(.milliseconds(20))
      #expect(reason { try queue.markOwned(timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      #expect(reason { try queue.markOwned(timeout: .immediate) } == .wouldBlock)
      try #require(flock(checker.descriptor.rawValue, LOCK_UN) == 0)
      try queue.markOwned(timeout: .immediate)
    }
  }
}
