import Foundation
import IPC
import Synchronization
import SystemPackage
import Testing

@Suite struct SharedConditionTests {
  /// What a mutex protects: how many wait, and how many may go.
  private final class Gate: Sendable {
    let waiting = Atomic(0)
    let tickets = Atomic(0)

    /// Waits in a thread of its own for a ticket, and takes it.
    func pass(_ region: SharedRegion) async throws {
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        let changed = try SharedCondition(in: region, at: conditionPlace)
        #expect(try mutex.lock() == .locked)
        self.waiting.add(1, ordering: .relaxed)
        while self.tickets.load(ordering: .relaxed) == 0 { #expect(try changed.wait(unlocking: mutex) == .woken) }
        self.tickets.subtract(1, ordering: .relaxed)
        self.waiting.subtract(1, ordering: .relaxed)
        try mutex.unlock()
      }
    }

    /// Gives out tickets when so many wait: who has counted himself has unlocked the mutex by waiting.
    func open(_ region: SharedRegion, tickets: Int, to waiters: Int, waking: (borrowing SharedCondition) throws -> Void)
      throws
    {
      let mutex = try SharedMutex(in: region, at: 0)
      let changed = try SharedCondition(in: region, at: conditionPlace)
      try until {
        #expect(try mutex.lock() == .locked)
        if waiting.load(ordering: .relaxed) == waiters { return true }
        try mutex.unlock()
        return false
      }
      self.tickets.add(tickets, ordering: .relaxed)
      try waking(changed)
      try mutex.unlock()
    }
  }

  @Test func `a signal lets one go, and the next signal the next`() async throws {
    try await withRegion { region in
      let gate = Gate()
      async let first: Void = gate.pass(region)
      async let second: Void = gate.pass(region)
      try await onThread { try gate.open(region, tickets: 1, to: 2) { try $0.signal() } }
      try await onThread { try gate.open(region, tickets: 1, to: 1) { try $0.signal() } }
      _ = try await (first, second)
      try await onThread { try SharedCondition(in: region, at: conditionPlace).destroy() }
    }
  }

  @Test func `a broadcast lets all go`() async throws {
    try await withRegion { region in
      let gate = Gate()
      async let first: Void = gate.pass(region)
      async let second: Void = gate.pass(region)
      async let third: Void = gate.pass(region)
      try await onThread { try gate.open(region, tickets: 3, to: 3) { try $0.broadcast() } }
      _ = try await (first, second, third)
    }
  }

  @Test func `a wait ends by its deadline, with the mutex locked`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        let changed = try SharedCondition(in: region, at: conditionPlace)
        #expect(try mutex.lock() == .locked)
        let start = ContinuousClock.now
        // Nobody wakes it; but to be woken for nothing is allowed.
        let deadline = Deadline.after(.milliseconds(20))
        while try changed.wait(unlocking: mutex, until: deadline) == .woken {}
        #expect(start.duration(to: .now) >= .milliseconds(20))
        #expect(reason { _ = try mutex.lock(patience: .none) } == .deadlock)
        try mutex.unlock()
      }
    }
  }

  @Test func `who has not locked the mutex cannot wait with it`() async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        let changed = try SharedCondition(in: region, at: conditionPlace)
        for (deadline, call) in [(nil, "pthread_cond_wait"), (Deadline.now, "pthread_cond_timedwait")] {
          #expect(throws: IPCError(call: call, errno: .notPermitted)) {
            _ = try changed.wait(unlocking: mutex, until: deadline)
          }
        }
      }
    }
  }

  @Test func `who has waited has the mutex locked, and so its region stays`() async throws {
    try await onThread {
      let memory = try scratchMemory(4096)
      weak var kept: SharedRegion?
      let region = SharedRegion(try memory.map())
      let mutex = try SharedMutex(makingIn: region, at: 0)
      let changed = try SharedCondition(makingIn: region, at: conditionPlace)
      #expect(try mutex.lock() == .locked)
      do {
        let other = SharedRegion(try memory.map())
        kept = other
        #expect(try changed.wait(unlocking: SharedMutex(in: other, at: 0), until: .now) == .timedOut)
      }
      #expect(kept != nil)
      try mutex.unlock()
    }
  }

  @Test func `who is woken is told that the owner died`() async throws {
    try await withRegion { region in
      let gate = Gate()
      async let waiter = onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        let changed = try SharedCondition(in: region, at: conditionPlace)
        #expect(try mutex.lock() == .locked)
        gate.waiting.add(1, ordering: .relaxed)
        var result = SharedCondition.WaitResult.woken
        while result == .woken { result = try changed.wait(unlocking: mutex) }
        try mutex.makeConsistent()
        try mutex.unlock()
        return result
      }
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        try until {
          #expect(try mutex.lock() == .locked)
          if gate.waiting.load(ordering: .relaxed) == 1 { return true }
          try mutex.unlock()
          return false
        }
        // This thread ends with the mutex locked.
        try SharedCondition(in: region, at: conditionPlace).broadcast()
      }
      #expect(try await waiter == .ownerDied)
    }
  }
}
