import IPC
import SystemPackage
import Testing

@Suite struct SharedRWLockTests {
  private static let modes: [LockMode] = [.shared, .exclusive]

  @Test func `Readers share the lock, and exclude a writer`() async throws {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let lock = try SharedRWLock.create(in: region, at: 8)
      let other = try SharedRWLock.open(in: region, at: 8)
      try lock.lock(.shared)
      #expect(try other.tryLock(.shared) == true)
      #expect(try other.tryLock(.exclusive) == false)
      #expect(reason { try other.lock(.exclusive, timeout: .immediate) } == .resourceBusy)
      try lock.unlock()
      try other.unlock()
      #expect(try other.tryLock(.exclusive) == true)
      #expect(try lock.tryLock(.shared) == false)
      #expect(reason { try lock.lock(.shared, timeout: .immediate) } == .resourceBusy)
      try other.unlock()
      try lock.destroy()
    }
  }

  @Test(arguments: modes) func `A lock waits for its deadline, and not longer`(_ mode: LockMode) async throws {
    let region = try SharedRegion(size: 4096)
    try SharedRWLock.create(in: region, at: 0).lock(.exclusive)
    // Use another thread, because the call may fail with EDEADLK in the thread that holds the lock.
    try await onThread {
      let lock = try SharedRWLock.open(in: region, at: 0)
      let timeout = Timeout.after(.milliseconds(10))
      #expect(reason { try lock.lock(mode, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
    }
  }

  @Test(arguments: modes) func `An error names the call and the object`(_ mode: LockMode) async throws {
    try await onThread {
      let region = SharedRegion(try scratchMemory(4096).map())
      let lock = try SharedRWLock.create(in: region, at: 0)
      try lock.lock(.exclusive)
      let error = failure { try lock.lock(mode, timeout: .immediate) }
      #expect(error?.call == (mode == .shared ? .pthreadRWLockTryReadLock : .pthreadRWLockTryWriteLock))
      #expect(error?.object == region.object)
    }
  }

  @Test func `Threads that write under the lock lose nothing, and readers see no half change`() async throws {
    let region = try SharedRegion(size: 4096)
    _ = try SharedRWLock.create(in: region, at: 0)
    let (threads, rounds) = (4, 500)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<threads {
        group.addTask {
          try await onThread {
            let lock = try SharedRWLock.open(in: region, at: 0)
            for _ in 0..<rounds {
              try lock.withLock(.exclusive) {
                for offset in [64, 72] {
                  try region.store(try region.load(as: UInt64.self, at: offset) + 1, at: offset)
                }
              }
              try lock.withLock(.shared, timeout: .after(.seconds(600))) {
                let first = try region.load(as: UInt64.self, at: 64)
                let second = try region.load(as: UInt64.self, at: 72)
                #expect(first == second)
              }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try region.load(as: UInt64.self, at: 64) == UInt64(threads * rounds))
  }

  @Test func `withLock unlocks after an error`() async throws {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let lock = try SharedRWLock.create(in: region, at: 0)
      #expect(throws: Errno.noSpace) { try lock.withLock(.exclusive) { throw Errno.noSpace } }
      #expect(try lock.withLock(.shared) { 5 } == 5)
      #expect(try lock.tryLock(.exclusive) == true)
    }
  }

  @Test func `A place outside the memory or misaligned is an error`() throws {
    let region = try SharedRegion(size: 4096)
    let size = region.size
    #expect(reason { _ = try SharedRWLock.create(in: region, at: size - 8) } == .badAddress)
    #expect(reason { _ = try SharedRWLock.open(in: region, at: 4) } == .invalidArgument)
    #expect(reason { _ = try SharedBarrier.create(in: region, at: size - 8, count: 1) } == .badAddress)
    #expect(reason { _ = try SharedBarrier.open(in: region, at: -8) } == .badAddress)
  }

  @Test func `A lock and an unlock do not allocate`() async throws {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let lock = try SharedRWLock.create(in: region, at: 0)
      let barrier = try SharedBarrier.create(in: region, at: 64, count: 1)
      let count = try allocations(in: 1000) {
        try lock.lock(.shared)
        try lock.unlock()
        try lock.lock(.exclusive, timeout: .after(.seconds(1)))
        try lock.unlock()
        _ = try barrier.wait()
      }
      #expect(count == 0)
    }
  }
}

@Suite struct SharedBarrierTests {
  @Test func `One of the threads is the serial one in each round, and all see what it wrote`() async throws {
    let region = try SharedRegion(size: 4096)
    let (threads, rounds) = (3, 200)
    _ = try SharedBarrier.create(in: region, at: 0, count: UInt32(threads))
    let serial = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<threads {
        group.addTask {
          try await onThread {
            let barrier = try SharedBarrier.open(in: region, at: 0)
            var serial = 0
            for round in 0..<rounds {
              if try barrier.wait() {
                serial += 1
                try region.store(UInt64(round), at: 64)
              }
              _ = try barrier.wait()
              #expect(try region.load(as: UInt64.self, at: 64) == UInt64(round))
            }
            return serial
          }
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(serial == rounds)
    try SharedBarrier.open(in: region, at: 0).destroy()
  }

  @Test func `A barrier for no thread is an error`() throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedBarrier.create(in: region, at: 0, count: 0) } == .invalidArgument)
  }
}
