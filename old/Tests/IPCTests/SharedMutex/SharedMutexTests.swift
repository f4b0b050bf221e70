import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SharedMutexTests {
  @Test func `whoever locks it has it alone`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock() == .locked)
        for (patience, call) in [
          (Patience.none, "pthread_mutex_trylock"), (.atMost(.seconds(3600)), "pthread_mutex_clocklock"),
          (.forever, "pthread_mutex_lock"),
        ] {
          #expect(throws: IPCError(call: call, errno: .deadlock)) { _ = try mutex.lock(patience: patience) }
        }
        try mutex.unlock()
        #expect(reason { try mutex.unlock() } == .notPermitted)
        #expect(try mutex.lock(patience: .none) == .locked)
        try mutex.unlock()
        try mutex.destroy()
      }
    }
  }

  @Test func `who has not locked it cannot unlock it, and waits for it until a deadline`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock() == .locked)
        let other = Thread.finished {
          let mutex = try SharedMutex(in: region, at: 0)
          #expect(reason { try mutex.unlock() } == .notPermitted)
          #expect(try mutex.lock(patience: .none) == .wouldBlock)
          #expect(try mutex.lock(patience: .atMost(.seconds(-10))) == .timedOut)
          // By another clock this would have ended at once, or not for years.
          let start = ContinuousClock.now
          #expect(try mutex.lock(patience: .atMost(.milliseconds(20))) == .timedOut)
          #expect(start.duration(to: .now) >= .milliseconds(20))
        }
        try other.get()
        try mutex.unlock()
      }
    }
  }

  @Test func `a deadline in the past counts only where it would have to wait`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock(patience: .atMost(.seconds(-10))) == .locked)
        try mutex.unlock()
      }
    }
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `the death of its owner is told to who waits, who makes it consistent`(_ patience: Patience) async throws {
    try await withRegion { region in
      try await leaveLocked(region)
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock(patience: patience) == .ownerDied)
        try mutex.makeConsistent()
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        try mutex.unlock()
        #expect(try mutex.lock(patience: patience) == .locked)
        try mutex.unlock()
      }
    }
  }

  @Test func `the death of an heir is told as well`() async throws {
    try await withRegion { region in
      try await leaveLocked(region)
      #expect(try await onThread { try SharedMutex(in: region, at: 0).lock() } == .ownerDied)
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock() == .ownerDied)
        try mutex.makeConsistent()
        try mutex.unlock()
      }
    }
  }

  @Test func `unlocked without being made consistent it is of no use to anybody`() async throws {
    try await withRegion { region in
      try await leaveLocked(region)
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(try mutex.lock() == .ownerDied)
        try mutex.unlock()
        #expect(reason { _ = try mutex.lock() } == .notRecoverable)
        #expect(reason { _ = try mutex.lock(patience: .atMost(.seconds(60))) } == .notRecoverable)
        // The last of all: glibc 2.36 keeps it locked after this one.
        #expect(reason { _ = try mutex.lock(patience: .none) } == .notRecoverable)
      }
    }
  }

  @Test func `what is whole cannot be made consistent`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        #expect(try mutex.lock() == .locked)
        #expect(reason { try mutex.makeConsistent() } == .invalidArgument)
        try mutex.unlock()
      }
    }
  }

  // Who locks or unlocks the next one writes into what is locked: without its memory that is the end of the process.
  @Test func `its region stays as long as it is locked, though nobody has them any more`() async throws {
    try await onThread {
      weak var kept: SharedRegion?
      func make() throws -> SharedMutex {
        let region = try SharedRegion(size: 4096)
        kept = region
        return try SharedMutex(makingIn: region, at: 0)
      }
      let next = try SharedMutex(makingIn: try SharedRegion(size: 4096), at: 0)
      #expect(try make().lock() == .locked)
      #expect(try next.lock() == .locked)
      try next.unlock()
      try SharedMutex(in: try #require(kept), at: 0).unlock()
      #expect(kept == nil)
    }
  }

  @Test func `its region stays also when it was locked in another one`() async throws {
    try await onThread {
      let memory = try scratchMemory(4096)
      weak var kept: SharedRegion?
      let region = SharedRegion(try memory.map())
      let first = try SharedMutex(makingIn: region, at: 0)
      let second = try SharedMutex(makingIn: region, at: 64)
      #expect(try first.lock() == .locked)
      do {
        let other = SharedRegion(try memory.map())
        kept = other
        #expect(try SharedMutex(in: other, at: 64).lock() == .locked)
        try SharedMutex(in: other, at: 0).unlock()
      }
      #expect(kept != nil)
      try second.unlock()
    }
  }

  @Test(arguments: [-8, 4, 4096 - SharedMutex.size + 8, 4096, .max])
  func `outside or askew there is no place for it`(_ offset: Int) async throws {
    try await withRegion { region in
      let expected: Errno = offset == 4 ? .invalidArgument : .badAddress
      #expect(reason { _ = try SharedMutex(makingIn: region, at: offset) } == expected)
      #expect(reason { _ = try SharedMutex(in: region, at: offset) } == expected)
      #expect(reason { _ = try SharedCondition(makingIn: region, at: offset) } == expected)
      #expect(reason { _ = try SharedCondition(in: region, at: offset) } == expected)
    }
  }
}

extension Thread {
  /// What came of `body` in a thread of its own, for which this one waits.
  static func finished<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Result<Value, any Error> {
    let result = Handed<Value>()
    let thread = Thread { result.hand(Result(catching: body)) }
    thread.start()
    return result.taken()
  }
}

/// A value on its way from one thread to another.
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
