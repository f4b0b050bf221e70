import Foundation
import IPC
import Synchronization
import SystemPackage
import Testing

@Suite struct ConditionVariableTests {
  /// The number of waiting threads and the number of threads that may continue; the mutex protects both.
  private final class Gate: Sendable {
    let waiting = Atomic(0)
    let tickets = Atomic(0)

    /// Waits in a new thread for a ticket, and consumes it.
    func pass(_ region: SharedRegion) async throws {
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        let changed = try ConditionVariable.open(in: region, at: conditionOffset)
        #expect(try mutex.lock() == .acquired)
        self.waiting.add(1, ordering: .relaxed)
        while self.tickets.load(ordering: .relaxed) == 0 { #expect(try changed.wait(unlocking: mutex) == .acquired) }
        self.tickets.subtract(1, ordering: .relaxed)
        self.waiting.subtract(1, ordering: .relaxed)
        try mutex.unlock()
      }
    }

    /// Waits until enough threads are waiting, and then issues tickets.
    ///
    /// Every thread that is counted is waiting, and has therefore unlocked the mutex.
    func open(
      _ region: SharedRegion, tickets: Int, to waiters: Int, waking: (borrowing ConditionVariable) throws -> Void
    )
      throws
    {
      let mutex = try SharedMutex.open(in: region, at: 0)
      let changed = try ConditionVariable.open(in: region, at: conditionOffset)
      try until {
        #expect(try mutex.lock() == .acquired)
        if waiting.load(ordering: .relaxed) == waiters { return true }
        try mutex.unlock()
        return false
      }
      self.tickets.add(tickets, ordering: .relaxed)
      try waking(changed)
      try mutex.unlock()
    }
  }

  @Test func `Each signal wakes one more thread`() async throws {
    do {
      let region = try scratchRegion()
      let gate = Gate()
      async let first: Void = gate.pass(region)
      async let second: Void = gate.pass(region)
      try await onThread { try gate.open(region, tickets: 1, to: 2) { try $0.signal() } }
      try await onThread { try gate.open(region, tickets: 1, to: 1) { try $0.signal() } }
      _ = try await (first, second)
      try await onThread { try ConditionVariable.open(in: region, at: conditionOffset).destroy() }
    }
  }

  @Test func `A broadcast wakes all threads`() async throws {
    do {
      let region = try scratchRegion()
      let gate = Gate()
      async let first: Void = gate.pass(region)
      async let second: Void = gate.pass(region)
      async let third: Void = gate.pass(region)
      try await onThread { try gate.open(region, tickets: 3, to: 3) { try $0.broadcast() } }
      _ = try await (first, second, third)
    }
  }

  @Test func `A wait ends when its timeout passes, with the mutex locked`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        let changed = try ConditionVariable.open(in: region, at: conditionOffset)
        #expect(try mutex.lock() == .acquired)
        let start = ContinuousClock.now
        let timeout = Timeout.after(.milliseconds(20))
        // Spurious wake-ups are allowed.
        #expect(reason { while try changed.wait(unlocking: mutex, timeout: timeout) == .acquired {} } == .timedOut)
        #expect(start.duration(to: .now) >= .milliseconds(20))
        #expect(reason { _ = try mutex.lock(timeout: .immediate) } == .deadlock)
        try mutex.unlock()
      }
    }
  }

  @Test func `A thread that has not locked the mutex cannot wait with it`() async throws {
    do {
      let region = try scratchRegion()
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        let changed = try ConditionVariable.open(in: region, at: conditionOffset)
        for (timeout, call) in [
          (Timeout.never, IPCError.Call.pthreadCondWait), (.after(.zero), .pthreadCondTimedWait),
        ] {
          let error = failure { _ = try changed.wait(unlocking: mutex, timeout: timeout) }
          #expect(error == IPCError(call, .notPermitted, on: .label("region")))
        }
      }
    }
  }

  @Test func `A wait locks the mutex again, so its region stays mapped`() async throws {
    try await onThread {
      let memory = try scratchMemory(4096)
      weak var kept: SharedRegion?
      let region = SharedRegion(try memory.map())
      let mutex = try SharedMutex.create(in: region, at: 0)
      let changed = try ConditionVariable.create(in: region, at: conditionOffset)
      #expect(try mutex.lock() == .acquired)
      do {
        let other = SharedRegion(try memory.map())
        kept = other
        let sameMutex = try SharedMutex.open(in: other, at: 0)
        #expect(reason { _ = try changed.wait(unlocking: sameMutex, timeout: .after(.zero)) } == .timedOut)
        #expect(reason { _ = try changed.wait(unlocking: sameMutex, timeout: .immediate) } == .wouldBlock)
      }
      #expect(kept != nil)
      try mutex.unlock()
    }
  }

  @Test func `A woken thread is informed that the owner died`() async throws {
    do {
      let region = try scratchRegion()
      let gate = Gate()
      async let waiter = onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        let changed = try ConditionVariable.open(in: region, at: conditionOffset)
        #expect(try mutex.lock() == .acquired)
        gate.waiting.add(1, ordering: .relaxed)
        var result = SharedMutex.LockOutcome.acquired
        while result == .acquired { result = try changed.wait(unlocking: mutex) }
        try mutex.makeConsistent()
        try mutex.unlock()
        return result
      }
      try await onThread {
        let mutex = try SharedMutex.open(in: region, at: 0)
        try until {
          #expect(try mutex.lock() == .acquired)
          if gate.waiting.load(ordering: .relaxed) == 1 { return true }
          try mutex.unlock()
          return false
        }
        // This thread exits with the mutex locked.
        try ConditionVariable.open(in: region, at: conditionOffset).broadcast()
      }
      #expect(try await waiter == .ownerDied)
    }
  }
}
