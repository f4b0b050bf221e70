import IPC
import Testing

@Suite struct SharedMutexAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `to lock, to signal and to unlock costs no allocation`(_ patience: Patience) async throws {
    try await withRegion { region in
      try await onThread {
        let mutex = try SharedMutex(in: region, at: 0)
        let changed = try SharedCondition(in: region, at: conditionPlace)
        var failures = 0
        let count = try allocations {
          if try mutex.lock(patience: patience) != .locked { failures += 1 }
          if try changed.wait(unlocking: mutex, until: .after(.seconds(-1))) == .ownerDied { failures += 1 }
          try changed.signal()
          try changed.broadcast()
          try mutex.unlock()
        }
        #expect(count == 0)
        #expect(failures == 0)
      }
    }
  }
}
