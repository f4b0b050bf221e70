import IPC
import SystemPackage
import Testing

@Suite struct SharedMutexKindTests {
  @Test(arguments: [true, false]) func `A recursive mutex is unlocked as often as it was locked`(_ isRobust: Bool)
    async throws
  {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let mutex = try SharedMutex.create(in: region, at: 0, kind: .recursive, isRobust: isRobust)
      #expect(try mutex.lock() == .acquired)
      // A mutex that was locked through one value can be unlocked through another value.
      #expect(try SharedMutex.open(in: region, at: 0).lock() == .acquired)
      #expect(try SharedMutex.open(in: region, at: 0).tryLock() == .acquired)
      for _ in 0..<3 { try SharedMutex.open(in: region, at: 0).unlock() }
      #expect(reason { try mutex.unlock() } == .notPermitted)
      try mutex.destroy()
    }
  }

  @Test func `A normal mutex with priority inheritance is locked and unlocked`() async throws {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let mutex = try SharedMutex.create(in: region, at: 0, kind: .normal, isRobust: false, inheritsPriority: true)
      #expect(try mutex.withLock { 5 } == 5)
      #expect(try mutex.lock() == .acquired)
      #expect(try mutex.tryLock() == nil)
      try mutex.unlock()
    }
  }

  @Test(arguments: [ConditionVariable.Clock.monotonic, .timeOfDay])
  func `A condition wait ends at its deadline, by either clock`(_ clock: ConditionVariable.Clock) async throws {
    let region = try SharedRegion(size: 4096)
    try await onThread {
      let mutex = try SharedMutex.create(in: region, at: 0)
      let changed = try ConditionVariable.create(in: region, at: 64, clock: clock)
      #expect(try mutex.lock() == .acquired)
      let timeout = Timeout.after(.milliseconds(10))
      #expect(reason { _ = try changed.wait(unlocking: mutex, timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      try mutex.unlock()
    }
  }
}
