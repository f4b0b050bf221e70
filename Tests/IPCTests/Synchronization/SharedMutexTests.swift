import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SharedMutexTests {
  @Test func `A thread that locks a mutex again gets an error`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock() == .acquired)
        for (timeout, call) in [
          (Timeout.immediate, IPCError.Call.pthreadMutexTryLock), (.after(.seconds(3600)), .pthreadMutexClockLock),
          (.never, .pthreadMutexLock),
        ] {
          #expect(failure { _ = try mutex.lock(timeout: timeout) } == IPCError(call, .deadlock, on: .label("region")))
        }
        try mutex.unlock()
        #expect(reason { try mutex.unlock() } == .notPermitted)
        #expect(try mutex.lock(timeout: .immediate) == .acquired)
        try mutex.unlock()
        try mutex.destroy()
      }
    }
  }

  @Test func `Another thread cannot unlock a mutex, and waits for it until a timeout`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock() == .acquired)
        let other = Thread.finished {
          let mutex = try SharedMutex.open(in: region, at: 0)
          #expect(reason { try mutex.unlock() } == .notPermitted)
          #expect(try mutex.tryLock() == nil)
          #expect(reason { _ = try mutex.lock(timeout: .immediate) } == .resourceBusy)
          #expect(reason { _ = try mutex.lock(timeout: .after(.seconds(-10))) } == .timedOut)
          // A call that used the wrong clock would return immediately, or only after years.
          let start = ContinuousClock.now
          #expect(reason { _ = try mutex.lock(timeout: .after(.milliseconds(20))) } == .timedOut)
          #expect(start.duration(to: .now) >= .milliseconds(20))
        }
        try other.get()
        try mutex.unlock()
      }
    }
  }

  @Test func `A timeout in the past matters only if the mutex is locked`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock(timeout: .after(.seconds(-10))) == .acquired)
        try mutex.unlock()
      }
    }
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `Locking reports that the owner died`(_ timeout: Timeout) async throws {
    do {
      let region = try scratchRegion()
      try await leaveLocked(region)
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock(timeout: timeout) == .ownerDied)
        try mutex.makeConsistent()
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        try mutex.unlock()
        #expect(try mutex.lock(timeout: timeout) == .acquired)
        try mutex.unlock()
      }
    }
  }

  @Test func `Locking reports that the next owner died as well`() async throws {
    do {
      let region = try scratchRegion()
      try await leaveLocked(region)
      #expect(try await onThread { try SharedMutex.open(in: region, at: 0).lock() } == .ownerDied)
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock() == .ownerDied)
        try mutex.makeConsistent()
        try mutex.unlock()
      }
    }
  }

  @Test func `A mutex that was unlocked while inconsistent can no longer be locked`() async throws {
    do {
      let region = try scratchRegion()
      try await leaveLocked(region)
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(try mutex.lock() == .ownerDied)
        try mutex.unlock()
        #expect(reason { _ = try mutex.lock() } == .notRecoverable)
        #expect(reason { _ = try mutex.lock(timeout: .after(.seconds(3600))) } == .notRecoverable)
        // Check this last, because glibc 2.36 keeps the mutex locked afterwards.
        #expect(reason { _ = try mutex.lock(timeout: .immediate) } == .notRecoverable)
      }
    }
  }

  @Test func `A consistent mutex cannot be made consistent`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        #expect(try mutex.lock() == .acquired)
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        try mutex.unlock()
      }
    }
  }

  // The C library writes to a locked mutex when the thread locks or unlocks another mutex.
  @Test func `Its region stays mapped while it is locked, without a reference`() async throws {
    try await onThread {
      weak var kept: SharedRegion?
      func make() throws -> SharedMutex {
        let region = try SharedRegion(size: 4096)
        kept = region
        return try SharedMutex.create(in: region, at: 0)
      }
      let next = try SharedMutex.create(in: try SharedRegion(size: 4096), at: 0)
      #expect(try make().lock() == .acquired)
      #expect(try next.lock() == .acquired)
      try next.unlock()
      try SharedMutex.open(in: try #require(kept), at: 0).unlock()
      #expect(kept == nil)
    }
  }

  @Test func `Its region stays mapped if it was locked through another region`() async throws {
    try await onThread {
      let memory = try scratchMemory(4096)
      weak var kept: SharedRegion?
      let region = SharedRegion(try memory.map())
      let first = try SharedMutex.create(in: region, at: 0)
      let second = try SharedMutex.create(in: region, at: 64)
      #expect(try first.lock() == .acquired)
      do {
        let other = SharedRegion(try memory.map())
        kept = other
        #expect(try SharedMutex.open(in: other, at: 64).lock() == .acquired)
        try SharedMutex.open(in: other, at: 0).unlock()
      }
      #expect(kept != nil)
      try second.unlock()
    }
  }

  @Test(arguments: [-8, 4, 4096 - SharedMutex.size + 8, 4096, .max])
  func `A mutex must be inside the region, at a multiple of 8`(_ offset: Int) async throws {
    do {
      let region = try scratchRegion()
      let expected: Errno = offset == 4 ? .invalidArgument : .badAddress
      #expect(reason { _ = try SharedMutex.create(in: region, at: offset) } == expected)
      #expect(reason { _ = try SharedMutex.open(in: region, at: offset) } == expected)
      #expect(reason { _ = try ConditionVariable.create(in: region, at: offset) } == expected)
      #expect(reason { _ = try ConditionVariable.open(in: region, at: offset) } == expected)
    }
  }
}

/// Locks the mutex in a thread that then exits.
///
/// The kernel marks the mutex shortly afterwards. Until then, calls that lock the mutex block.
func leaveLocked(_ region: SharedRegion) async throws {
  #expect(try await onThread { try SharedMutex.open(in: region, at: 0).tryLock() } == .acquired)
}

@Suite struct SharedMutexLockTests {
  @Test func `withLock unlocks, and passes results and errors through`() async throws {
    try await onThread {
      let region = try scratchRegion()
      let mutex = try SharedMutex.open(in: region, at: 0)
      #expect(try mutex.withLock { reason { _ = try mutex.lock() } } == .deadlock)
      #expect(throws: CocoaError.self) { try mutex.withLock { throw CocoaError(.featureUnsupported) } }
      #expect(try mutex.withLock(timeout: .immediate) { 5 } == 5)
    }
  }

  @Test func `withLock repairs the data after the owner died`() async throws {
    let region = try scratchRegion()
    try await leaveLocked(region)
    try await onThread {
      let mutex = try SharedMutex.open(in: region, at: 0)
      var repaired = 0
      #expect(try mutex.withLock(recover: { repaired += 1 }) { repaired } == 1)
      #expect(try mutex.withLock(recover: { repaired += 1 }) { repaired } == 1)
    }
  }

  @Test func `withLock throws without a repair, and the mutex is not recoverable`() async throws {
    let region = try scratchRegion()
    try await leaveLocked(region)
    try await onThread {
      let mutex = try SharedMutex.open(in: region, at: 0)
      let error = failure { try mutex.withLock { _ = Issue.record("the data was not repaired") } }
      #expect(error?.errno == .ownerDied)
      #expect(error?.description.contains("recover:") == true)
      let next = failure { try mutex.withLock(recover: {}) {} }
      #expect(next?.errno == .notRecoverable)
      #expect(next?.description.contains("Create the mutex again") == true)
    }
  }

  @Test func `A mutex and the value that it protects need only one mapping`() async throws {
    let region = try scratchRegion()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          try await onThread {
            let mutex = try SharedMutex.open(in: region, at: 0)
            for _ in 0..<1000 {
              try mutex.withLock { try region.store(try region.load(as: UInt64.self, at: 512) + 1, at: 512) }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try region.load(as: UInt64.self, at: 512) == 4000)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `Locking, signalling and unlocking do not allocate`(_ timeout: Timeout) async throws {
    let region = try scratchRegion()
    try await onThread {
      let mutex = try SharedMutex.open(in: region, at: 0)
      let changed = try ConditionVariable.open(in: region, at: conditionOffset)
      var failures = 0
      let count = try allocations {
        if try mutex.lock(timeout: timeout) != .acquired { failures += 1 }
        try changed.signal()
        try changed.broadcast()
        try mutex.unlock()
        try mutex.withLock(timeout: timeout) {}
      }
      #expect(count == 0)
      #expect(failures == 0)
    }
  }
}

extension Thread {
  /// Runs `body` in a separate thread, waits for it, and returns its result.
  static func finished<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Result<Value, any Error> {
    let result = Handed<Value>()
    let thread = Thread { result.hand(Result(catching: body)) }
    thread.start()
    return result.taken()
  }
}

/// A value that one thread passes to another.
private final class Handed<Value: Sendable>: @unchecked Sendable {
  private let arrived = DispatchSemaphore(value: 0)
  private var value: Result<Value, any Error>?

  func hand(_ value: Result<Value, any Error>) {
    self.value = value
    arrived.signal()
  }

  func taken() -> Result<Value, any Error> {
    arrived.wait()
    return value ?? .failure(POSIXError(.EIO))
  }
}
