import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SemaphoreTests {
  @Test func `values are set and read, one or all`() throws {
    try withSemaphores([0, 0, 0]) { (set) throws in
      #expect(try set.values() == [0, 0, 0])
      try set.set(1, to: 32767)
      #expect(try set.value(of: 1) == 32767)
      try set.setAll([1, 2, 3])
      #expect(try set.values() == [1, 2, 3])
    }
  }

  @Test func `what is beyond the set, or beyond a value, is refused`() throws {
    try withSemaphores([0, 0]) { (set) throws in
      for index in [-1, 2, Int.max] {
        #expect(reason { _ = try set.value(of: index) } == .invalidArgument)
        #expect(reason { try set.set(index, to: 1) } == .invalidArgument)
      }
      for value in [-1, 32768, 65536, Int.max] {
        #expect(reason { try set.set(0, to: value) } == .outOfRange)
        #expect(reason { try set.setAll([0, value]) } == .outOfRange)
      }
      for values in [[], [1], [1, 2, 3]] { #expect(reason { try set.setAll(values) } == .invalidArgument) }
      #expect(reason { try set.perform(.release(2)) } == .fileTooLarge)
      #expect(reason { try set.perform([.init(0, delta: 32767), .release(0)]) } == .outOfRange)
      let many = [SystemVSemaphores.Operation](repeating: .release(0), count: 100_000)
      #expect(reason { try set.perform(many.span) } == .argListTooLong)
      #expect(reason { try set.perform([SystemVSemaphores.Operation]().span) } == .invalidArgument)
      #expect(try set.values() == [0, 0])
    }
  }

  @Test(arguments: [0, -1, Int.max]) func `a number of semaphores that no set can have is refused`(count: Int) {
    #expect(reason { _ = try SystemVSemaphores.create(.private, count: count, permissions: []) } == .invalidArgument)
  }

  @Test func `creating is exclusive, opening creates nothing, and either is told apart`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVSemaphores.open(key) } == .noSuchFileOrDirectory)
      let (set, isNew) = try SystemVSemaphores.createOrOpen(key, count: 2, permissions: .ownerReadWrite)
      #expect(isNew)
      #expect(reason { _ = try SystemVSemaphores.create(key, count: 2, permissions: []) } == .fileExists)
      #expect(reason { _ = try SystemVSemaphores.open(key, minimumCount: 3) } == .invalidArgument)
      let (same, isNewAgain) = try SystemVSemaphores.createOrOpen(key, count: 1, permissions: .ownerReadWrite)
      #expect(!isNewAgain)
      #expect(same == set)
      #expect(try same.status().count == 2)
    }
  }

  @Test func `operations are performed all together, or none`() throws {
    try withSemaphores([1, 0]) { (set) throws in
      #expect(try set.perform([.acquire(0), .acquire(1)], patience: .none) == .wouldBlock)
      #expect(try set.values() == [1, 0])
      #expect(try set.perform([.acquire(0), .waitForZero(0), .init(1, delta: 5)]) == .done)
      #expect(try set.values() == [0, 5])
      #expect(try set.lastProcess(of: 1) == getpid())
    }
  }

  @Test func `an operation that is not to wait does not, however patient the call`() throws {
    try withSemaphores { (set) throws in
      let operation = SystemVSemaphores.Operation(0, delta: -1, noWait: true)
      #expect(try set.perform(operation, patience: .forever) == .wouldBlock)
      #expect(try set.perform(operation, patience: .atMost(.seconds(60))) == .wouldBlock)
    }
  }

  @Test func `a deadline is kept, not before its time, and does not keep from what need not wait`() throws {
    try withSemaphores { (set) throws in
      let deadline = Deadline.after(.milliseconds(20))
      #expect(try set.perform(.acquire(0), patience: .until(deadline)) == .timedOut)
      #expect(deadline.hasPassed)
      #expect(try set.perform(.release(0), patience: .until(deadline)) == .done)
      #expect(try set.perform(.acquire(0), patience: .until(deadline)) == .done)
      #expect(try set.perform(.acquire(0), patience: .until(deadline)) == .timedOut)
    }
  }

  @Test func `who waits is counted, and woken`() async throws {
    try await withSemaphores([0, 1]) { (set) async throws in
      async let first = onThread { try set.perform(.acquire(0)) }
      async let second = onThread { try set.perform(.waitForZero(1)) }
      try await eventually { try set.waitingForIncrease(of: 0) == 1 && set.waitingForZero(of: 1) == 1 }
      try set.perform([.release(0), .acquire(1)])
      #expect(try await first == .done)
      #expect(try await second == .done)
      #expect(try set.values() == [0, 0])
    }
  }

  @Test func `who waits for a set that is removed is told so, and who comes later too`() async throws {
    try await withSemaphores { (set) async throws in
      async let errno = onThread { reason { try set.perform(.acquire(0)) } }
      try await eventually { try set.waitingForIncrease(of: 0) == 1 }
      try set.remove()
      #expect(try await errno == .identifierRemoved)
      #expect(reason { try set.perform(.release(0)) } == .invalidArgument)
      #expect(reason { _ = try set.status() } == .invalidArgument)
    }
  }

  @Test func `what a process asked to be undone is undone when it dies, however it does`() async throws {
    try await withSemaphores([1, 1]) { (set) async throws in
      let identifier = set.identifier
      await #expect(processExitsWith: .signal(SIGKILL)) { [identifier = identifier as Int32] in
        let set = SystemVSemaphores(identifier: identifier)
        try set.perform([.acquire(0, undo: true), .acquire(1)])
        kill(getpid(), SIGKILL)
      }
      #expect(try set.values() == [1, 0])
      #expect(try set.lastProcess(of: 1) != getpid())
    }
  }

  @Test func `an interruption is reported to who asked, and else the wait goes on`() async {
    await #expect(processExitsWith: .success) {
      try withSemaphores { (set) throws in
        let nagging = Nagging()
        #expect(reason { try set.perform(.acquire(0), interruption: .report) } == .interrupted)
        let deadline = Deadline.after(.milliseconds(30))
        #expect(try set.perform(.acquire(0), patience: .until(deadline)) == .timedOut)
        #expect(deadline.hasPassed)
        nagging.end()
      }
    }
  }

  @Test func `the kernel knows whose it is, and what it permits`() throws {
    try withSemaphores { (set) throws in
      let before = try set.status().ownership
      #expect(before.user == geteuid())
      #expect(before.permissions == .ownerReadWrite)
      try set.change(permissions: .ownerRead)
      let after = try set.status().ownership
      #expect(after.permissions == .ownerRead)
      #expect(after.user == before.user)
      #expect(after.group == before.group)
    }
  }
}
