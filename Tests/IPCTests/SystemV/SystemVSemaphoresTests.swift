import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SystemVSemaphoresTests {
  @Test func `An operation has the layout of struct sembuf`() {
    let operations: [SystemVSemaphores.Operation] = [
      .init(1, delta: -2, undo: true), .init(0xFFFF, delta: 0x7FFF, noWait: true),
    ]
    unsafe operations.withUnsafeBytes { bytes in
      let first = unsafe bytes.load(as: sembuf.self)
      #expect((first.sem_num, first.sem_op, first.sem_flg) == (1, -2, Int16(SEM_UNDO)))
      let second = unsafe bytes.load(fromByteOffset: MemoryLayout<sembuf>.stride, as: sembuf.self)
      #expect((second.sem_num, second.sem_op, second.sem_flg) == (0xFFFF, 0x7FFF, Int16(IPC_NOWAIT)))
    }
  }

  @Test func `One value or all values are set and read`() throws {
    try withSemaphores([0, 0, 0]) { (set) throws in
      #expect(try set.values() == [0, 0, 0])
      try set.set(1, to: 32767)
      #expect(try set.value(of: 1) == 32767)
      try set.setAll([1, 2, 3])
      #expect(try set.values() == [1, 2, 3])
    }
  }

  @Test func `Indices and values out of range are refused`() throws {
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
      let error = failure { try set.perform([.init(0, delta: 32767), .release(0)]) }
      #expect(error?.errno == .outOfRange)
      #expect(error?.description.contains("SEM_UNDO") == true)
      let many = [SystemVSemaphores.Operation](repeating: .release(0), count: 100_000)
      #expect(reason { try set.perform(many.span) } == .argListTooLong)
      #expect(reason { try set.perform([SystemVSemaphores.Operation]().span) } == .invalidArgument)
      #expect(try set.values() == [0, 0])
    }
  }

  @Test(arguments: [0, -1, Int.max]) func `An impossible number of semaphores is refused`(count: Int) {
    #expect(reason { _ = try SystemVSemaphores.create(.private, count: count, permissions: []) } == .invalidArgument)
  }

  @Test func `Creating is exclusive, opening does not create, and isNew reports which happened`() throws {
    try withKey { (key) throws in
      #expect(reason { _ = try SystemVSemaphores.open(key) } == .noSuchFileOrDirectory)
      let set = try SystemVSemaphores.createOrOpen(key, count: 2)
      #expect(set.isNew)
      #expect(reason { _ = try SystemVSemaphores.create(key, count: 2, permissions: []) } == .fileExists)
      for attempt in [
        { _ = try SystemVSemaphores.open(key, minimumCount: 3) },
        { _ = try SystemVSemaphores.createOrOpen(key, count: 3) },
      ] as [() throws -> Void] {
        let error = failure(attempt)
        #expect(error?.errno == .invalidArgument)
        #expect(error?.description.contains("no more than an existing set has") == true)
      }
      let same = try SystemVSemaphores.createOrOpen(key, count: 1)
      #expect(!same.isNew)
      #expect(same == set)
      #expect(try same.status().count == 2)
    }
  }

  @Test func `All operations are performed together, or none`() throws {
    try withSemaphores([1, 0]) { (set) throws in
      #expect(try !set.tryPerform([.acquire(0), .acquire(1)]))
      #expect(reason { try set.perform([.acquire(0), .acquire(1)], timeout: .immediate) } == .wouldBlock)
      #expect(try set.values() == [1, 0])
      try set.perform([.acquire(0), .waitForZero(0), .init(1, delta: 5)])
      #expect(try set.values() == [0, 5])
      #expect(try set.lastProcess(of: 1) == .current)
    }
  }

  @Test func `An operation that must not wait does not, regardless of the timeout`() throws {
    try withSemaphores { (set) throws in
      let operation = SystemVSemaphores.Operation(0, delta: -1, noWait: true)
      #expect(reason { try set.perform(operation) } == .wouldBlock)
      #expect(reason { try set.perform(operation, timeout: .after(.seconds(3600))) } == .wouldBlock)
      #expect(try !set.tryPerform(operation))
      #expect((operation.index, operation.delta, operation.undo, operation.noWait) == (0, -1, false, true))
    }
  }

  @Test func `A wait ends at its deadline, and not before; a call that does not need to wait succeeds`() throws {
    try withSemaphores { (set) throws in
      let timeout = Timeout.after(.milliseconds(20))
      #expect(reason { try set.perform(.acquire(0), timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      try set.perform(.release(0), timeout: timeout)
      try set.perform(.acquire(0), timeout: timeout)
      #expect(reason { try set.perform(.acquire(0), timeout: timeout) } == .timedOut)
    }
  }

  @Test func `Waiting threads are counted, and woken`() async throws {
    try await withSemaphores([0, 1]) { (set) async throws in
      async let first: Void = onThread { try set.perform(.acquire(0)) }
      async let second: Void = onThread { try set.perform(.waitForZero(1)) }
      try await eventually { try set.countWaitingForIncrease(of: 0) == 1 && set.countWaitingForZero(of: 1) == 1 }
      try set.perform([.release(0), .acquire(1)])
      try await first
      try await second
      #expect(try set.values() == [0, 0])
    }
  }

  @Test func `Removing a set ends the calls that wait, and later calls fail`() async throws {
    try await withSemaphores { (set) async throws in
      async let errno = onThread { reason { try set.perform(.acquire(0)) } }
      try await eventually { try set.countWaitingForIncrease(of: 0) == 1 }
      try set.remove()
      #expect(try await errno == .identifierRemoved)
      #expect(reason { try set.perform(.release(0)) } == .invalidArgument)
      #expect(reason { _ = try set.status() } == .invalidArgument)
    }
  }

  @Test func `The kernel undoes the changes of a process that is killed`() async throws {
    try await withSemaphores([1, 1]) { (set) async throws in
      let identifier = set.identifier
      await #expect(processExitsWith: .signal(SIGKILL)) { [identifier = identifier as Int32] in
        let set = SystemVSemaphores(identifier: identifier)
        try set.perform([.acquire(0, undo: true), .acquire(1)])
        kill(getpid(), SIGKILL)
      }
      #expect(try set.values() == [1, 0])
      #expect(try set.lastProcess(of: 1) != .current)
    }
  }

  @Test func `An interruption is reported on request, and otherwise the wait continues`() async {
    await #expect(processExitsWith: .success) {
      try withSemaphores { (set) throws in
        let interruptions = Interruptions()
        #expect(reason { try set.perform(.acquire(0), retryOnInterrupt: false) } == .interrupted)
        let timeout = Timeout.after(.milliseconds(30))
        #expect(reason { try set.perform(.acquire(0), timeout: timeout) } == .timedOut)
        #expect(timeout.hasPassed)
        interruptions.end()
      }
    }
  }

  @Test func `The status has the owner and the permissions`() throws {
    try withSemaphores { (set) throws in
      let before = try set.status().ownership
      #expect(before.user == .effective)
      #expect(before.permissions == .ownerReadWrite)
      try set.change(permissions: .ownerRead)
      let after = try set.status().ownership
      #expect(after.permissions == .ownerRead)
      #expect(after.user == before.user)
      #expect(after.group == before.group)
    }
  }

  @Test func `createOrOpen never reports a set that another process has just removed`() async throws {
    try await withKey { (key) async throws in
      let failures = try await racing {
        _ = try? SystemVSemaphores.create(key, count: 1)
        try? SystemVSemaphores.open(key).remove()
      } _: {
        (0..<5000).compactMap { _ in reason { _ = try SystemVSemaphores.createOrOpen(key, count: 1) } }
      }
      #expect(failures.isEmpty)
    }
  }

  @Test func `A set whose users were killed is removed, but an unused one is not`() async throws {
    try await withKey { (key) async throws in
      let number = key.rawValue
      await #expect(processExitsWith: .signal(SIGKILL)) { [number = number as Int32] in
        let set = try SystemVSemaphores.create(SystemVKey(rawValue: number), count: 2)
        try set.perform(.release(0))
        #expect(try !set.removeIfAbandoned())
        kill(getpid(), SIGKILL)
      }
      let set = try SystemVSemaphores.open(key)
      #expect(try set.removeIfAbandoned())
      #expect(reason { _ = try SystemVSemaphores.open(key) } == .noSuchFileOrDirectory)
      #expect(try !set.removeIfAbandoned())
      #expect(try !SystemVSemaphores.create(key, count: 1).removeIfAbandoned())
    }
  }

  @Test func `A set that a thread waits for is not removed`() async throws {
    try await withKey { (key) async throws in
      let number = key.rawValue
      await #expect(processExitsWith: .signal(SIGKILL)) { [number = number as Int32] in
        try SystemVSemaphores.create(SystemVKey(rawValue: number), count: 2).perform(.release(1))
        kill(getpid(), SIGKILL)
      }
      let set = try SystemVSemaphores.open(key)
      async let acquired: Void = onThread { try set.perform(.acquire(0)) }
      try await eventually { try set.countWaitingForIncrease(of: 0) == 1 }
      #expect(try !set.removeIfAbandoned())
      try set.perform(.release(0))
      try await acquired
    }
  }
}
