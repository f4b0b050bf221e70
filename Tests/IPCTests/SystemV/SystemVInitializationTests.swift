import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct SystemVInitializationTests {
  @Test func `One of several processes sets the values, and no process uses the set before that`() async throws {
    for round in 0..<200 {
      try await withKey { (key) async throws in
        let value = round % 3
        let outcomes = try await withThrowingTaskGroup { (group) async throws in
          for _ in 0..<4 {
            group.addTask {
              try await onThread {
                let set = try SystemVSemaphores.createOrOpenInitialized(key, values: [value, 7])
                return (try set.values() == [value, 7], set.isNew)
              }
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.map(\.0) == [true, true, true, true])
        #expect(outcomes.filter(\.1).count == 1)
      }
    }
  }

  @Test func `A process waits until its timeout for a creator that died before setting the values`() throws {
    try withKey { (key) throws in
      _ = try SystemVSemaphores.create(key, count: 1)
      let timeout = Timeout.after(.milliseconds(20))
      let error = failure { _ = try SystemVSemaphores.createOrOpenInitialized(key, values: [1], timeout: timeout) }
      #expect(error == IPCError(.semget, .timedOut, on: .key(key)))
      #expect(error?.description.contains("Remove the set if the process that created it died") == true)
      #expect(timeout.hasPassed)
      let atOnce = reason {
        _ = try SystemVSemaphores.createOrOpenInitialized(key, values: [1], timeout: .immediate)
      }
      #expect(atOnce == .wouldBlock)
    }
  }

  @Test func `The first operation marks a set as initialized, not its values`() throws {
    try withKey { (key) throws in
      // A C program that does not follow the convention initializes the set in this way.
      let set = try SystemVSemaphores.create(key, count: 1)
      try set.set(0, to: 1)
      #expect(reason { try set.waitUntilInitialized(timeout: .immediate) } == .wouldBlock)
      try set.perform(.acquire(0))
      try set.waitUntilInitialized(timeout: .immediate)
      let opened = try SystemVSemaphores.createOrOpenInitialized(key, values: [1])
      #expect(opened == set)
      #expect(!opened.isNew)
      // The call must not have changed the semaphore, which a process has acquired.
      #expect(try set.values() == [0])
    }
  }

  @Test func `If the creator gives up, a waiting process becomes the creator`() async throws {
    try await withKey { (key) async throws in
      let abandoned = try SystemVSemaphores.create(key, count: 1)
      async let result = onThread { try SystemVSemaphores.createOrOpenInitialized(key, values: [3]) }
      try abandoned.remove()
      let set = try await result
      #expect(set.isNew)
      #expect(set != abandoned)
      #expect(try set.values() == [3])
    }
  }

  @Test(arguments: [[40_000], [-1, 0], [0, 65_536]])
  func `Values out of range leave no set behind`(values: [Int]) throws {
    try withKey { (key) throws in
      let errno = reason { _ = try SystemVSemaphores.createOrOpenInitialized(key, values: values) }
      #expect(errno == .outOfRange)
      #expect(reason { _ = try SystemVSemaphores.open(key) } == .noSuchFileOrDirectory)
    }
  }

  @Test func `An existing set with fewer semaphores is refused`() throws {
    try withKey { (key) throws in
      _ = try SystemVSemaphores.createOrOpenInitialized(key, values: [1])
      #expect(reason { _ = try SystemVSemaphores.createOrOpenInitialized(key, values: [1, 1]) } == .invalidArgument)
    }
  }

  @Test func `An interruption is reported on request`() async {
    await #expect(processExitsWith: .success) {
      try withKey { (key) throws in
        let set = try SystemVSemaphores.create(key, count: 1)
        let interruptions = Interruptions()
        #expect(reason { try set.waitUntilInitialized(retryOnInterrupt: false) } == .interrupted)
        interruptions.end()
      }
    }
  }
}
