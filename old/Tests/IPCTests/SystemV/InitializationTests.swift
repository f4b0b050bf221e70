import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct InitializationTests {
  typealias Initialization = SystemVSemaphores.Initialization

  @Test func `of all who start at once, one sets the values, and none uses the set before`() async throws {
    for round in 0..<200 {
      try await withKey { (key) async throws in
        let value = round % 3
        let outcomes = try await withThrowingTaskGroup { (group) async throws in
          for _ in 0..<4 {
            group.addTask {
              try await onThread {
                let result = try SystemVSemaphores.createOrOpenInitialized(
                  key, values: [value, 7], permissions: .ownerReadWrite)
                guard case .created(let set) = result else {
                  guard case .opened(let set) = result else { return "neither" }
                  return try set.values() == [value, 7] ? "opened" : "opened too early"
                }
                return try set.values() == [value, 7] ? "created" : "created wrongly"
              }
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.sorted() == ["created", "opened", "opened", "opened"])
      }
    }
  }

  @Test func `a creator that dies in between is waited for no longer than there is patience`() throws {
    try withKey { (key) throws in
      _ = try SystemVSemaphores.create(key, count: 1, permissions: .ownerReadWrite)
      let deadline = Deadline.after(.milliseconds(20))
      let late = try SystemVSemaphores.createOrOpenInitialized(
        key, values: [1], permissions: .ownerReadWrite, patience: .until(deadline))
      #expect(late == .timedOut)
      #expect(deadline.hasPassed)
      let atOnce = try SystemVSemaphores.createOrOpenInitialized(
        key, values: [1], permissions: .ownerReadWrite, patience: .none)
      #expect(atOnce == .wouldBlock)
    }
  }

  @Test func `a set is not ready by its values, but by the first operation of who made it`() throws {
    try withKey { (key) throws in
      // As any C program does it that knows no better protocol.
      let set = try SystemVSemaphores.create(key, count: 1, permissions: .ownerReadWrite)
      try set.set(0, to: 1)
      #expect(try set.waitUntilInitialized(patience: .none) == .wouldBlock)
      try set.perform(.acquire(0))
      #expect(try set.waitUntilInitialized(patience: .none) == .done)
      let result = try SystemVSemaphores.createOrOpenInitialized(key, values: [1], permissions: .ownerReadWrite)
      #expect(result == .opened(set))
      // Nobody has freed what is held.
      #expect(try set.values() == [0])
    }
  }

  @Test func `who waits for a creator that gives up becomes the creator`() async throws {
    try await withKey { (key) async throws in
      let abandoned = try SystemVSemaphores.create(key, count: 1, permissions: .ownerReadWrite)
      async let result = onThread {
        try SystemVSemaphores.createOrOpenInitialized(key, values: [3], permissions: .ownerReadWrite)
      }
      try abandoned.remove()
      guard case .created(let set) = try await result else {
        Issue.record("nobody became the creator")
        return
      }
      #expect(set != abandoned)
      #expect(try set.values() == [3])
    }
  }

  @Test(arguments: [[40_000], [-1, 0], [0, 65_536]])
  func `values that no semaphore can have leave no set behind`(values: [Int]) throws {
    try withKey { (key) throws in
      let errno = reason {
        _ = try SystemVSemaphores.createOrOpenInitialized(key, values: values, permissions: .ownerReadWrite)
      }
      #expect(errno == .outOfRange)
      #expect(reason { _ = try SystemVSemaphores.open(key) } == .noSuchFileOrDirectory)
    }
  }

  @Test func `an interruption is reported to who asked`() async {
    await #expect(processExitsWith: .success) {
      try withKey { (key) throws in
        let set = try SystemVSemaphores.create(key, count: 1, permissions: .ownerReadWrite)
        let nagging = Nagging()
        #expect(reason { _ = try set.waitUntilInitialized(interruption: .report) } == .interrupted)
        nagging.end()
      }
    }
  }
}
